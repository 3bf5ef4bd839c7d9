import { createHash, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';

/**
 * `sk_sluice_` + 16 characters of id + 43 of secret (256 bits) + 6 of CRC-32, the last two in base 62. The prefix and the
 * checksum let a scanner tell a leaked key from any other text without asking anybody; the id finds the digest without
 * the secret. Scanners: {@link apiKeyPattern}.
 * @see https://github.blog/2021-04-05-behind-githubs-new-authentication-token-formats/
 */
export const apiKeyPrefix = 'sk_sluice_';

/** For secret scanners; a match whose last six characters are the checksum of the rest is a key. */
export const apiKeyPattern = /sk_sluice_[0-9A-Za-z]{65}/;

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const idLength = 16;
const secretLength = 43;
const checksumLength = 6;
const keyLength = apiKeyPrefix.length + idLength + secretLength + checksumLength;

export interface NewApiKey {
  /** `key_` and 16 characters: public, in lists and logs. */
  id: string;
  /** The whole key; shown once and never stored. */
  key: string;
  /** SHA-256 of the key, 64 hex digits. The key has 256 random bits, so a slow hash would add nothing. */
  digest: string;
  /** Start of the key, by which people recognise it. */
  hint: string;
}

export function newApiKey(): NewApiKey {
  const id = randomText(idLength);
  const body = `${apiKeyPrefix}${id}${randomText(secretLength)}`;
  const key = `${body}${checksum(body)}`;
  return {
    id: `key_${id}`,
    key,
    digest: digestOf(Buffer.from(key)).toString('hex'),
    hint: `${apiKeyPrefix}${id.slice(0, 4)}…`,
  };
}

/** The id inside a key; `undefined` for a text that cannot be one, which most guesses are: nobody has to be asked. */
export function keyIdOf(given: Buffer): string | undefined {
  if (given.length !== keyLength) return undefined;
  const text = given.toString('latin1');
  const body = text.slice(0, -checksumLength);
  if (!apiKeyPattern.test(text) || checksum(body) !== text.slice(-checksumLength)) return undefined;
  return `key_${text.slice(apiKeyPrefix.length, apiKeyPrefix.length + idLength)}`;
}

export function digestOf(key: Buffer): Buffer {
  return createHash('sha256').update(key).digest();
}

function checksum(body: string): string {
  let rest = crc32(body);
  let text = '';
  for (let i = 0; i < checksumLength; i += 1) {
    text = (alphabet[rest % 62] ?? '') + text;
    rest = Math.floor(rest / 62);
  }
  return text;
}

/** Every character equally likely: bytes beyond the last whole multiple of 62 are thrown away. */
function randomText(length: number): string {
  let text = '';
  while (text.length < length) {
    for (const byte of randomBytes(length)) {
      if (byte < 248 && text.length < length) text += alphabet[byte % 62] ?? '';
    }
  }
  return text;
}
