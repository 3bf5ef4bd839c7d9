import { access, constants, mkdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Makes the data folder and its `logs`; rejects with what to do when it cannot be written. */
export async function prepareDataFolder(dataDir: string): Promise<{ logs: string }> {
  const logs = join(dataDir, 'logs');
  try {
    await mkdir(logs, { recursive: true, mode: 0o700 });
    await access(dataDir, constants.W_OK);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(
      `cannot write to the data folder ${dataDir} (${reason}). Set SLUICE_DATA_DIR to a folder that you may write to.`,
      { cause: error },
    );
  }
  return { logs };
}
