import type { Redis } from 'ioredis';

import type { Seals } from '@sluice/runtime';

/** A question with its vector, of unit length. */
export interface Embedded {
  text: string;
  vector: Float32Array;
}

/** Questions that differ in nothing but their words. */
export interface NearGroup {
  scope: string;
  /** Digest of everything that must be equal to the letter. */
  frame: string;
}

export interface Near {
  /** Of the reply to the similar question. */
  digest: string;
  similarity: number;
}

/**
 * Finds similar questions. A question only points at a reply, which is then looked for as any other: what has been invalidated
 * or has expired is not found here either.
 */
export interface NearIndex {
  /** The nearest questions at or above the threshold that are the same question by their words too, the nearest first. */
  find(group: NearGroup, asked: Embedded, threshold: number): Promise<Near[]>;
  /** Remembers a question for `ttlMs`. */
  add(group: NearGroup, question: Embedded & { digest: string }, ttlMs: number): Promise<void>;
}

export interface NearIndexDeps {
  redis: Redis;
  /** Root of all keys. */
  root: string;
  /** Encryption at rest. */
  seals?: Seals | undefined;
}

/** Most that are compared in words, the most similar first. */
export const maxCandidates = 5;
