import { randomBytes } from 'node:crypto';

/** A number in [0, 1): the source of jitter. Injected, so that tests can fix it. */
export type Random = () => number;

export const systemRandom: Random = () => Math.random();

// Crockford's base 32 in lower case: sorts like the bytes it stands for and has no look-alikes.
const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';

let pool = Buffer.alloc(0);
let used = 0;

/** `bytes` characters of five random bits each, from a pool: one system call serves hundreds of ids. */
function randomCharacters(count: number): string {
  let text = '';
  for (let i = 0; i < count; i += 1) {
    if (used === pool.length) {
      pool = randomBytes(4096);
      used = 0;
    }
    text += alphabet[(pool[used++] ?? 0) & 31];
  }
  return text;
}

/**
 * A new id: `<prefix>_` + 10 characters of time + 16 random ones (80 bits). Ids sort by the millisecond of their making.
 * A job's id also names its shard, in two more characters at the end (see `shardOf` in packages/records).
 */
export function newId(prefix: string, nowMs: number): string {
  let time = '';
  let rest = nowMs;
  for (let i = 0; i < 10; i += 1) {
    time = (alphabet[rest % 32] ?? '0') + time;
    rest = Math.floor(rest / 32);
  }
  return `${prefix}_${time}${randomCharacters(16)}`;
}

/** A secret of `byteCount` random bytes, base64url. */
export function newSecret(byteCount: number): string {
  return randomBytes(byteCount).toString('base64url');
}
