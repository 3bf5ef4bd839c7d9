import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** How long the API may take to answer. */
const timeoutMs = 10_000;

type Environment = Readonly<Record<string, string | undefined>>;

/** Sends a request to the API and returns its JSON, or the text of what is none. Rejects with the API's own message. */
export type AdminClient = (method: string, path: string, body?: unknown) => Promise<unknown>;

/**
 * A client of the API at SLUICE_URL (default: this machine, PORT or 8080), with SLUICE_API_KEY, SLUICE_ADMIN_KEY or the
 * key that the first start left in the data folder.
 * @throws Error that says what to set when there is no key.
 */
export async function createAdminClient(environment: Environment): Promise<AdminClient> {
  const base = environment['SLUICE_URL'] ?? `http://127.0.0.1:${environment['PORT'] ?? '8080'}`;
  const key = await readKey(environment);
  return async (method, path, body) => {
    const response = await fetch(new URL(path, base), {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(timeoutMs),
    }).catch((error: unknown) => {
      throw new Error(`no answer from ${base}: start Sluice, or set SLUICE_URL`, { cause: error });
    });
    const text = await response.text();
    if (!response.ok) throw new Error(messageOf(text) ?? `HTTP ${response.status}`);
    const isJson = response.headers.get('content-type')?.startsWith('application/json') ?? true;
    return isJson ? (JSON.parse(text) as unknown) : text;
  };
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

/** The message inside an error of the API. */
function messageOf(text: string): string | undefined {
  try {
    // The form that every error of the API has; anything else is no answer of ours.
    return (JSON.parse(text) as { error?: { message?: string } }).error?.message;
  } catch {
    return undefined;
  }
}
