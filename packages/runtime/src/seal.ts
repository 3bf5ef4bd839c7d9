import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

import { SluiceError } from '@sluice/contracts';

/** Encrypts what belongs to one tenant. */
export interface Seal {
  /** `about` says whose and what the text is (`job_…/input`): it opens nowhere else, so nothing can be swapped. */
  seal(text: string, about: string): string;
  /** The text again; one that was never sealed is given back as it is. @throws SluiceError `internal_error` for a forgery. */
  open(text: string, about: string): string;
  /** The same for bytes, which stay bytes: they grow by some 60, not by a third. */
  sealBytes(bytes: Buffer, about: string): Buffer;
  openBytes(bytes: Buffer, about: string): Buffer;
}

/** The seals of all tenants. */
export interface Seals {
  /** `undefined` where the tenant was erased. With a sealed text, a seal that can open it. */
  of(tenantId: string, sealed?: string): Promise<Seal | undefined>;
}

/** Stands before every sealed text. Nothing else that is stored where texts are sealed begins so. */
const mark = '~s1~';

const algorithm = 'aes-256-gcm';
const ivBytes = 12;
const tagBytes = 16;

export function isSealed(text: string | undefined): text is string {
  return text?.startsWith(mark) ?? false;
}

/** The id of the data key that a sealed text was sealed with. */
export function keyIdOfSealed(text: string): string | undefined {
  return isSealed(text) ? text.slice(mark.length, text.indexOf('~', mark.length)) : undefined;
}

/** `~s1~<id of the data key>~<base64url of IV, ciphertext and tag>`. */
export function sealWith(key: { id: string; bytes: Buffer }, text: string, about: string): string {
  return `${mark}${key.id}~${encrypt(key.bytes, Buffer.from(text), about).toString('base64url')}`;
}

/** @throws SluiceError `internal_error` where the text was changed, or was sealed with another key or about something else. */
export function openWith(key: Buffer, sealed: string, about: string): string {
  const bytes = Buffer.from(sealed.slice(sealed.indexOf('~', mark.length) + 1), 'base64url');
  return decrypt(key, bytes, about).toString('utf8');
}

/** The same for bytes: the head of a sealed text, then IV, ciphertext and tag as they are. */
export function sealBytesWith(
  key: { id: string; bytes: Buffer },
  plain: Buffer,
  about: string,
): Buffer {
  const head = Buffer.from(`${mark}${key.id}~`);
  return Buffer.concat([head, encrypt(key.bytes, plain, about)]);
}

/** @throws SluiceError `internal_error`, as {@link openWith}. */
export function openBytesWith(key: Buffer, sealed: Buffer, about: string): Buffer {
  return decrypt(key, sealed.subarray(sealed.indexOf('~', mark.length) + 1), about);
}

/** The head of sealed bytes, which names the data key as that of a sealed text does; `undefined` for any others. */
export function sealedHead(bytes: Buffer): string | undefined {
  if (bytes.toString('latin1', 0, mark.length) !== mark) return undefined;
  return bytes.toString('latin1', 0, bytes.indexOf('~', mark.length) + 1);
}

/**
 * AES-256-GCM with a random IV of 96 bits, which stands first, and the tag last.
 * @see https://csrc.nist.gov/pubs/sp/800/38/d/final
 */
export function encrypt(key: Buffer, plain: Buffer, about: string): Buffer {
  const iv = randomBytes(ivBytes);
  const cipher = createCipheriv(algorithm, key, iv, { authTagLength: tagBytes });
  cipher.setAAD(Buffer.from(about));
  return Buffer.concat([iv, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/** @throws SluiceError `internal_error` where anything is not as {@link encrypt} made it. */
export function decrypt(key: Buffer, bytes: Buffer, about: string): Buffer {
  try {
    const decipher = createDecipheriv(algorithm, key, bytes.subarray(0, ivBytes), {
      authTagLength: tagBytes,
    });
    decipher.setAAD(Buffer.from(about));
    decipher.setAuthTag(bytes.subarray(-tagBytes));
    return Buffer.concat([decipher.update(bytes.subarray(ivBytes, -tagBytes)), decipher.final()]);
  } catch (cause) {
    throw new SluiceError('internal_error', `what is stored about ${about} cannot be decrypted`, {
      cause,
    });
  }
}
