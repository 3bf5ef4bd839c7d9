import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { createClient, SluiceClientError, type SluiceClient } from '@sluice/client';

/** A person waits: two more tries are enough to get over a restart. */
const maxRetries = 2;

type Environment = Readonly<Record<string, string | undefined>>;

/** Sends a request to the API and returns its JSON, or the text of what is none. Rejects with the API's own message. */
export type AdminClient = (
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
  path: string,
  body?: unknown,
) => Promise<unknown>;

/**
 * A client of the API at SLUICE_URL (default: this machine, PORT or 8080), with SLUICE_API_KEY, SLUICE_ADMIN_KEY or the
 * key that the first start left in the data folder.
 * @throws Error that says what to set when there is no key.
 */
export async function connect(environment: Environment): Promise<SluiceClient> {
  const baseUrl = environment['SLUICE_URL'] ?? `http://127.0.0.1:${environment['PORT'] ?? '8080'}`;
  return createClient({ baseUrl, apiKey: await readKey(environment), maxRetries });
}

/** The same for whatever has no method of its own. */
export async function createAdminClient(environment: Environment): Promise<AdminClient> {
  const client = await connect(environment);
  return async (method, path, body) => await client.request({ method, path, body });
}

/** What is wrong and what to do, in one line. */
export function explain(error: unknown): string {
  if (error instanceof SluiceClientError && error.code === 'connection_failed') {
    return `${error.message}; start Sluice, or set SLUICE_URL`;
  }
  return error instanceof Error ? error.message : String(error);
}

async function readKey(environment: Environment): Promise<string> {
  const given = environment['SLUICE_API_KEY'] ?? environment['SLUICE_ADMIN_KEY'];
  if (given) return given;
  const file = join(environment['SLUICE_DATA_DIR'] ?? '.data', 'admin-key');
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (error) {
    throw new Error(`no key: set SLUICE_ADMIN_KEY, or run where ${file} is`, { cause: error });
  }
}
