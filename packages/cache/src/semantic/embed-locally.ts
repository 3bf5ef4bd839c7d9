import { createHash } from 'node:crypto';

import { isFiller, wordsOf } from './words.ts';

const dimensions = 256;

/**
 * A vector of unit length of a text's words, pairs of words and parts of words (but for words that only hold a sentence together), hashed into 256 signed dimensions: texts of
 * the same words are near, whatever they mean. It needs no model and no call; it finds other spellings and orders of filler
 * words, not other words.
 * @see https://arxiv.org/abs/0902.2206 feature hashing
 */
export function embedLocally(text: string): Float32Array {
  const vector = new Float32Array(dimensions);
  const words = wordsOf(text).filter((word) => !isFiller(word));
  words.forEach((word, i) => {
    add(vector, `w ${word}`, 1);
    const next = words[i + 1];
    if (next !== undefined) add(vector, `p ${word} ${next}`, 0.5);
    const padded = `^${word}$`;
    for (let at = 0; at + 3 <= padded.length; at += 1) add(vector, padded.slice(at, at + 3), 0.3);
  });
  return toUnit(vector);
}

function add(vector: Float32Array, feature: string, weight: number): void {
  const hash = createHash('md5').update(feature).digest();
  const at = hash.readUInt16LE(0) % dimensions;
  const sign = (hash[2] ?? 0) & 1 ? 1 : -1;
  vector[at] = (vector[at] ?? 0) + sign * weight;
}

/** The same direction with length 1; a vector of zeros stays one. */
export function toUnit(vector: Float32Array): Float32Array {
  const length = Math.hypot(...vector);
  return length === 0 ? vector : vector.map((value) => value / length);
}

/** Cosine similarity of two vectors of unit length; 0 where they are of different spaces. */
export function similarityOf(one: Float32Array, other: Float32Array): number {
  if (one.length !== other.length) return 0;
  let sum = 0;
  for (let i = 0; i < one.length; i += 1) sum += (one[i] ?? 0) * (other[i] ?? 0);
  return sum;
}
