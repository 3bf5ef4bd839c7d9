import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { newSecret } from '@sluice/runtime';

export interface AdminKey {
  key: string;
  /** `undefined` when the key came from the environment. */
  file: string | undefined;
  /** Made just now: to be printed once. */
  isNew: boolean;
}

/** The admin key: from SLUICE_ADMIN_KEY, else from the data folder, else made now and kept there with mode 0600. */
export async function readAdminKey(
  dataDir: string,
  fromEnvironment: string | undefined,
): Promise<AdminKey> {
  if (fromEnvironment) return { key: fromEnvironment, file: undefined, isNew: false };
  const file = join(dataDir, 'admin-key');
  const kept = await readKept(file);
  if (kept) return { key: kept, file, isNew: false };
  const key = `sluice_admin_${newSecret(24)}`;
  await writeFile(file, `${key}\n`, { mode: 0o600 });
  return { key, file, isNew: true };
}

async function readKept(file: string): Promise<string | undefined> {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
