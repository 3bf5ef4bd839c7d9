import { describe, expect, it } from 'vitest';

import { testRedis } from '@sluice/testing';

import { embedLocally } from './embed-locally.ts';
import { createNearIndex, type NearGroup } from './near-index.ts';
import { turnedPairs } from './turned-pairs.ts';

const group: NearGroup = { scope: 'acme', frame: 'v2:f' };
const embedded = (text: string) => ({ text, vector: embedLocally(text) });

async function setUp() {
  const { redis, root } = await testRedis({ ownedKeys: [] });
  const open = () => createNearIndex({ redis, root });
  const add = (index: ReturnType<typeof open>, text: string, where = group) =>
    index.add(where, { ...embedded(text), digest: `of ${text}` }, 60_000);
  return { open, add };
}

describe('the index of questions', () => {
  it('finds what another process has added, and only in its own group and scope', async () => {
    const { open, add } = await setUp();
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
    expect(await reader.find({ ...group, frame: 'v2:g' }, asked, 0.1)).toEqual([]);
  });

  it('gives none of 200 questions for one that is its negation, or has another number or name', async () => {
    const { open, add } = await setUp();
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

  it('compares no vectors of different lengths', async () => {
    const { open, add } = await setUp();
    const index = open();
    await add(index, 'How do I bake bread?');
    const asked = { text: 'How do I bake bread?', vector: new Float32Array([1]) };
    expect(await index.find(group, asked, 0.1)).toEqual([]);
  });
});
