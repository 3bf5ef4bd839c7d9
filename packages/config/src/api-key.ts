/**
 * A key as people paste it, made fit for a header: without white space, quotes and a leading `Bearer ` around it.
 * An empty one is `undefined`.
 */
export function cleanApiKey(given: string | undefined): string | undefined {
  if (given === undefined) return undefined;
  const unquoted = given.trim().replace(/^(["'])(.*)\1$/s, '$2');
  const key = unquoted
    .trim()
    .replace(/^bearer\s+/i, '')
    .trim();
  return key === '' ? undefined : key;
}

/** Every key of a section, `apiKey` first, each once; empty ones are none. */
export function allKeys(section: {
  apiKey?: string | undefined;
  apiKeys?: readonly (string | undefined)[] | undefined;
}): string[] {
  const given = [section.apiKey, ...(section.apiKeys ?? [])];
  return [...new Set(given.filter((key) => key !== undefined))];
}

/** A key for people who look for it in their list: its last four characters, and those only of a long one. */
export function maskKey(key: string): string {
  return key.length >= 20 ? `…${key.slice(-4)}` : '…';
}

/** A secret for logs: only its last four characters, and those only of a long one. */
export function maskSecret(secret: string | undefined): string {
  if (secret === undefined || secret === '') return 'not set';
  return secret.length >= 20 ? `set (${maskKey(secret)})` : 'set';
}

/** Text without the user and password that a URL in it may carry. */
export function maskUrlCredentials(text: string): string {
  return text.replace(/\/\/[^/@\s]+@/g, '//***@');
}
