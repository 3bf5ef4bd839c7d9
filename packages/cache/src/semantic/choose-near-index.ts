import { createMemoryIndex } from './memory-index.ts';
import type { NearIndex, NearIndexDeps } from './near-index.ts';
import { askForVectorSets, createVectorIndex } from './vector-index.ts';

/**
 * Where questions are compared:
 *
 * | they are          | vector sets of Redis | index                                                        |
 * |-------------------|----------------------|--------------------------------------------------------------|
 * | encrypted at rest | any                  | this process: from a vector its question can be guessed, and |
 * |                   |                      | Redis compares none that are encrypted                       |
 * | stored in clear   | missing, forbidden   | this process                                                 |
 * | stored in clear   | usable               | Redis                                                        |
 *
 * Redis is asked once, when the first question comes.
 * @see https://arxiv.org/abs/2310.06816 what embeddings reveal
 */
export function createNearIndex(deps: NearIndexDeps): NearIndex {
  const inMemory = createMemoryIndex(deps);
  if (deps.seals) return inMemory;
  const inRedis = createVectorIndex(deps);
  let choice: Promise<NearIndex> | undefined;
  const choose = async () => {
    choice ??= askForVectorSets(deps).then((has) => (has === 'usable' ? inRedis : inMemory));
    try {
      return await choice;
    } catch (error) {
      choice = undefined;
      throw error;
    }
  };
  return {
    find: async (...asked) => await (await choose()).find(...asked),
    add: async (...added) => await (await choose()).add(...added),
  };
}
