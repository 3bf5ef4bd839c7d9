import { z } from 'zod';

/** What a message says of the variable; never what it held. */
export const masterKeysAllowed =
  'one or more of <id>:<32 bytes in base64> with commas between them, each id once';

const masterKey = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,32}:[A-Za-z0-9+/_-]{43}=?$/)
  .transform((text) => {
    const [id = '', base64 = ''] = text.split(':');
    return { id, bytes: Buffer.from(base64, 'base64') };
  });

/** `2027:Zm9v…,2026:YmFy…`: the first encrypts from now on, the others open what they have encrypted. */
export const masterKeys = z
  .string()
  .transform((text) => text.split(',').map((entry) => entry.trim()))
  .pipe(z.array(masterKey).min(1))
  .refine((keys) => new Set(keys.map(({ id }) => id)).size === keys.length);
