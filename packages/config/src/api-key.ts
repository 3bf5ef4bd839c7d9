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

/** A secret for logs: only its last four characters, and those only of a long one. */
export function maskSecret(secret: string | undefined): string {
  if (secret === undefined || secret === '') return 'not set';
  return secret.length >= 20 ? `set (…${secret.slice(-4)})` : 'set';
}

/** Text without the user and password that a URL in it may carry. */
export function maskUrlCredentials(text: string): string {
  return text.replace(/\/\/[^/@\s]+@/g, '//***@');
}
