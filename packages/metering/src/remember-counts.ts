import { hash } from 'node:crypto';

/**
 * The same function, which knows its last `most` answers. Prompts of an application mostly begin alike: what is known takes
 * 2 µs where the tokenizer takes 0.1 ms for a piece of a thousand letters. No prompt is kept, only digests of its pieces.
 */
export function rememberCounts(
  count: (piece: string) => number,
  most: number,
): (piece: string) => number {
  /** In the order of their last use: a `Map` keeps the order in which its keys were set. */
  const known = new Map<string, number>();
  return (piece) => {
    const key = hash('sha256', piece, 'base64');
    const found = known.get(key);
    const tokens = found ?? count(piece);
    if (found !== undefined) known.delete(key);
    known.set(key, tokens);
    if (known.size > most) known.delete(oldestOf(known));
    return tokens;
  };
}

function oldestOf(known: ReadonlyMap<string, number>): string {
  const [oldest = ''] = known.keys();
  return oldest;
}
