import { createSeededRandom } from '../../behaviour/seeded-random.ts';

/**
 * A deterministic unit vector: the sum of one pseudo-random vector a word, so that texts that share
 * words are close to each other and the same text always gives the same vector.
 */
export function embed(words: readonly string[], dimensions: number): Float32Array {
  const sum = new Float64Array(dimensions);
  for (const word of words.length === 0 ? [''] : words) addWord(sum, word);
  let square = 0;
  for (const value of sum) square += value * value;
  const length = Math.sqrt(square);
  return Float32Array.from(sum, (value) => value / length);
}

/** The words of a text: runs of letters and digits, in lower case. */
export function toWords(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
}

function addWord(sum: Float64Array, word: string): void {
  const random = createSeededRandom(hashWord(word));
  for (let index = 0; index < sum.length; index += 1) {
    sum[index] = (sum[index] ?? 0) + random() * 2 - 1;
  }
}

/** FNV-1a over UTF-16 units. @see http://www.isthe.com/chongo/tech/comp/fnv/ */
function hashWord(word: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < word.length; index += 1) {
    hash = Math.imul(hash ^ word.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
}
