import { describe, expect, it, type TestContext } from 'vitest';

import type { Seal } from '@sluice/runtime';
import { testRedis } from '@sluice/testing';

import { createNearIndex } from './choose-near-index.ts';
import { embedLocally } from './embed-locally.ts';
import { createMemoryIndex } from './memory-index.ts';
import type { NearGroup } from './near-index.ts';
import { turnedPairs } from './turned-pairs.ts';
import { askForVectorSets, createVectorIndex } from './vector-index.ts';

const group: NearGroup = { scope: 'acme', frame: 'v3:f' };
const embedded = (text: string) => ({ text, vector: embedLocally(text) });

async function connect({ skip }: Pick<TestContext, 'skip'>, needsVectorSets: boolean) {
  const { redis, root, keys } = await testRedis({ ownedKeys: [] });
  const has = (await askForVectorSets({ redis, root })) === 'usable';
  skip(needsVectorSets && !has, 'this Redis has no vector sets: Redis 8 has');
  return { redis, root, keys, has };
}

describe.each([
  ['in memory', createMemoryIndex, false],
  ['in Redis', createVectorIndex, true],
] as const)('the index of questions %s', (_where, create, needsVectorSets) => {
  async function setUp(context: TestContext, maxQuestions?: number) {
    const { redis, root } = await connect(context, needsVectorSets);
    const open = () => create({ redis, root }, maxQuestions);
    const add = (index: ReturnType<typeof open>, text: string, where = group) =>
      index.add(where, { ...embedded(text), digest: `of ${text}` }, 60_000);
    return { open, add };
  }

  it('finds what another process has added, and only in its own group and scope', async (context) => {
    const { open, add } = await setUp(context);
    const [writer, reader] = [open(), open()];
    const asked = embedded('please tell me how can I reset the password');
    expect(await reader.find(group, asked, 0.9)).toEqual([]);
    await add(writer, 'How do I reset my password?');
    await add(writer, 'How do I reset my router?');
    const [found, ...others] = await reader.find(group, asked, 0.9);
    expect(found?.digest).toBe('of How do I reset my password?');
    expect(found?.similarity).toBeCloseTo(1);
    expect(others).toEqual([]);
    expect(await reader.find({ ...group, scope: 'evil' }, asked, 0.1)).toEqual([]);
    expect(await reader.find({ ...group, frame: 'v3:g' }, asked, 0.1)).toEqual([]);
  });

  it('gives the cosine of two vectors as their similarity, and the nearest first', async (context) => {
    const { open } = await setUp(context);
    const index = open();
    const texts = ['how do I bake bread', 'how do I bake the bread', 'how would I bake bread'];
    const vectors = [
      [0.6, 0.8],
      [1, 0],
      [-1, 0],
    ].map((numbers) => Float32Array.from(numbers));
    for (const [i, text] of texts.entries()) {
      // One after the other.
      // oxlint-disable-next-line no-await-in-loop
      await index.add(group, { text, vector: vectors[i]!, digest: `${i}` }, 60_000);
    }
    const asked = { text: 'How do I bake bread?', vector: vectors[1]! };
    expect(await index.find(group, asked, 0.1)).toEqual([
      { digest: '1', similarity: expect.closeTo(1, 6) },
      { digest: '0', similarity: expect.closeTo(0.6, 6) },
    ]);
    expect(await index.find(group, asked, 0.61)).toHaveLength(1);
  });

  it('takes the newest question of a reply, and forgets the oldest of too many', async (context) => {
    const { open } = await setUp(context, 2);
    const index = open();
    const ask = async (text: string) =>
      (await index.find(group, embedded(text), 0.9)).map(({ digest }) => digest);
    for (const [digest, text] of [
      ['a', 'how do I bake bread'],
      ['b', 'how do I repair a bicycle'],
      ['a', 'how do I cook rice'],
      ['c', 'how do I paint a wall'],
    ] as const) {
      // One after the other.
      // oxlint-disable-next-line no-await-in-loop
      await index.add(group, { ...embedded(text), digest }, 60_000);
      // oxlint-disable-next-line no-await-in-loop
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    expect(await ask('how do I bake bread')).toEqual([]);
    expect(await ask('how do I repair a bicycle')).toEqual([]);
    expect(await ask('how do I cook rice')).toEqual(['a']);
    expect(await ask('how do I paint a wall')).toEqual(['c']);
  });

  it('gives none of 200 questions for one that is its negation, or has another number or name', async (context) => {
    const { open, add } = await setUp(context);
    const index = open();
    const pairs = turnedPairs();
    expect(pairs).toHaveLength(200);
    await Promise.all(pairs.map(([one]) => add(index, one)));
    for (const [, other] of pairs) {
      // oxlint-disable-next-line no-await-in-loop
      expect({ other, found: await index.find(group, embedded(other), 0.5) }).toEqual({
        other,
        found: [],
      });
    }
  });

  it('compares no vectors of different lengths, nor any without a direction', async (context) => {
    const { open, add } = await setUp(context);
    const index = open();
    const text = 'How do I bake bread?';
    await add(index, text);
    const short = { text, vector: new Float32Array([1]) };
    expect(await index.find(group, short, 0.1)).toEqual([]);
    await index.add(group, { ...short, digest: 'short' }, 60_000);
    expect(await index.find(group, short, 0.1)).toMatchObject([{ digest: 'short' }]);
    expect(await index.find(group, embedded(text), 0.1)).toMatchObject([{ digest: `of ${text}` }]);
    const none = { text, vector: new Float32Array([0]) };
    await index.add(group, { ...none, digest: 'none' }, 60_000);
    expect(await index.find(group, none, 0.1)).toEqual([]);
    expect(await index.find(group, short, 0.1)).toMatchObject([{ digest: 'short' }]);
  });
});

describe('the index of questions', () => {
  const kept = async (keys: () => Promise<string[]>) =>
    (await keys()).map((key) => /\/(near|vectors):/.exec(key)?.[1]);

  it('is in Redis where Redis has vector sets', async (context) => {
    const { redis, root, keys, has } = await connect(context, false);
    const index = createNearIndex({ redis, root });
    const question = embedded('How do I bake bread?');
    await index.add(group, { ...question, digest: 'a' }, 60_000);
    expect(await index.find(group, question, 0.9)).toMatchObject([{ digest: 'a' }]);
    expect(await kept(keys)).toEqual(has ? ['vectors', 'vectors'] : ['near']);
  });

  it('is in memory where questions are encrypted, and tells nothing to who reads Redis', async (context) => {
    const { redis, root, keys } = await connect(context, false);
    const seal: Seal = {
      seal: (text) => `~${Buffer.from(text).toString('hex')}`,
      open: (text) => Buffer.from(text.slice(1), 'hex').toString(),
      sealBytes: (bytes) => bytes,
      openBytes: (bytes) => bytes,
    };
    const seals = { of: () => Promise.resolve(seal) };
    const index = createNearIndex({ redis, root, seals });
    const question = embedded('How do I bake bread?');
    await index.add(group, { ...question, digest: 'a' }, 60_000);
    expect(await index.find(group, question, 0.9)).toMatchObject([{ digest: 'a' }]);
    expect(await kept(keys)).toEqual(['near']);
  });
});
