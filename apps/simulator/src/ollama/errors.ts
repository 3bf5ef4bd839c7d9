import type { Reply } from '../server/call.ts';

/** Content-Type of a whole reply. */
export const JSON_TYPE = 'application/json; charset=utf-8';

const MESSAGES: Readonly<Record<number, string>> = {
  401: 'unauthorized',
  403: 'forbidden',
  404: '404 page not found',
  413: 'http: request body too large',
  429: 'too many requests',
  500: 'llama runner process has terminated: exit status 2',
  502: 'failed to reach the cloud model',
  503: 'server busy, please try again.  maximum pending requests exceeded',
};

/**
 * An error in Ollama's form: a text, nothing else.
 * @see https://docs.ollama.com/api/errors
 */
export function ollamaError(status: number, error: string): Reply {
  return { status, headers: { 'content-type': JSON_TYPE }, body: JSON.stringify({ error }) };
}

/** The error Ollama sends with a status when the request itself is not to blame. */
export function standardError(status: number): Reply {
  const reply = ollamaError(status, MESSAGES[status] ?? `the request was refused (${status})`);
  if (status !== 404) return reply;
  return { status, headers: { 'content-type': 'text/plain' }, body: '404 page not found' };
}

/** The 400 for a value of the wrong type, as Go words it. */
export function wrongType(given: unknown, field: string, type: string): Reply {
  const message = `json: cannot unmarshal ${goKind(given)} into Go struct field ${field} of type ${type}`;
  return ollamaError(400, message);
}

function goKind(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'boolean') return 'bool';
  return typeof value;
}
