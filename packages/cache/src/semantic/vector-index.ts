import { loadScript } from '@sluice/runtime';

import { keysOfScope } from '../keys.ts';
import { isSameQuestion } from './is-same-question.ts';
import {
  maxCandidates,
  type Embedded,
  type NearGroup,
  type NearIndex,
  type NearIndexDeps,
} from './near-index.ts';

const packageUrl = new URL('..', import.meta.url).href;
const findScript = loadScript(packageUrl, 'find-near');
const addScript = loadScript(packageUrl, 'add-near');

/** Bytes of all vectors of one group: 10,000 of 256 numbers, 2,730 of 1,536. */
const maxVectorBytes = 16 * 1024 * 1024;

/**
 * Redis compares: the vectors of a group are one of its vector sets (Redis 8). Of a group `maxQuestions` are remembered, and
 * fewer of long vectors; the oldest go first.
 * @see https://redis.io/docs/latest/develop/data-types/vector-sets/
 */
export function createVectorIndex(
  { redis, root }: NearIndexDeps,
  maxQuestions = 10_000,
): NearIndex {
  return {
    async find(group, asked, threshold) {
      if (isZero(asked.vector)) return [];
      const [vectors = ''] = keysOf(root, group, asked.vector);
      const reply = await findScript(redis, [vectors], [bytesOf(asked.vector), maxCandidates]);
      return asFound(reply)
        .filter(({ text, similarity }) => {
          return similarity >= threshold && isSameQuestion(asked.text, text);
        })
        .map(({ digest, similarity }) => ({ digest, similarity }));
    },
    async add(group, { digest, text, vector }, ttlMs) {
      if (isZero(vector)) return;
      const most = Math.min(maxQuestions, Math.floor(maxVectorBytes / vector.byteLength));
      const args = [bytesOf(vector), digest, JSON.stringify({ text }), Math.ceil(ttlMs), most];
      await addScript(redis, keysOf(root, group, vector), args);
    },
  };
}

/** The replies that find-near.lua lists. */
function asFound(reply: unknown) {
  return (reply as [digest: string, score: string, attributes: string][]).map(
    ([digest, score, attributes]) => {
      // Written by `add`.
      const { text } = JSON.parse(attributes) as { text: string };
      return { digest, text, similarity: 2 * Number(score) - 1 };
    },
  );
}

/** Whether Redis can compare vectors. `forbidden`: its user may not make it. */
export type VectorSets = 'usable' | 'missing' | 'forbidden';

/** Asks Redis by a search where there is nothing to find: only a call shows what this user may do. */
export async function askForVectorSets({ redis, root }: NearIndexDeps): Promise<VectorSets> {
  const { vectors } = keysOfScope(root, 'none').vectors('none', 1);
  try {
    await redis.call('VSIM', vectors, 'VALUES', 1, 1, 'COUNT', 1);
    return 'usable';
  } catch (error) {
    const { message } = error instanceof Error ? error : new Error(String(error));
    if (/unknown command/i.test(message)) return 'missing';
    if (message.startsWith('NOPERM')) return 'forbidden';
    throw error;
  }
}

/** Vectors of different lengths cannot be compared, so each length has a set of its own. */
function keysOf(root: string, { scope, frame }: NearGroup, { length }: Float32Array): string[] {
  const { vectors, asked } = keysOfScope(root, scope).vectors(frame, length);
  return [vectors, asked];
}

/** It has no direction. */
function isZero(vector: Embedded['vector']): boolean {
  return vector.every((value) => value === 0);
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
