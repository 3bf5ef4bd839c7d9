import { describe, expect, it } from 'vitest';

import type { KeepAs } from '@sluice/contracts';
import { testRedis } from '@sluice/testing';

import { createCache, maxEntryBytes, namesOf, type CacheEntry } from './cache.ts';

function entry(content: string): CacheEntry {
  return {
    result: {
      type: 'chat',
      message: { role: 'assistant', content },
      finish_reason: { unified: 'stop', raw: 'stop' },
    },
    usage: { input_tokens: 1, output_tokens: 2, total_tokens: 3, source: 'provider' },
    costUsd: '0.000001',
    provider: 'openai',
    model: 'gpt-5.4-nano',
  };
}

function as(digest: string, change: Partial<KeepAs> = {}): KeepAs {
  return {
    scope: 'acme',
    group: 'fast',
    digest,
    askedAtMs: Date.now() + 60_000,
    ttlMs: 60_000,
    staleMs: 0,
    names: namesOf('chat', 'fast', ['docs']),
    maxEntries: 3,
    ...change,
  };
}

async function setUp() {
  const { redis, root, keys } = await testRedis({ ownedKeys: [] });
  return { redis, keys, root, cache: createCache({ redis, root }) };
}

describe('the cache', () => {
  it('gives back what was kept, for as long as it was told to keep it', async () => {
    const { redis, root, cache } = await setUp();
    expect((await cache.find(as('a'))).found).toBeUndefined();
    expect(await cache.keep(as('a'), entry('Grüße 😀'))).toBe('kept');
    const { found } = await cache.find(as('a'));
    expect(found).toMatchObject({ entry: entry('Grüße 😀'), isFresh: true });
    expect(found?.ageMs).toBeLessThan(30_000);
    expect((await cache.find(as('b'))).found).toBeUndefined();
    const leftMs = await redis.pttl(`{${root}:cache:acme}/reply:a`);
    expect(leftMs).toBeGreaterThan(50_000);
    expect(leftMs).toBeLessThanOrEqual(60_000);
  });

  it('tells a stale reply from a fresh one', async () => {
    const { cache } = await setUp();
    await cache.keep(as('a', { ttlMs: 0.2, staleMs: 60_000 }), entry('old'));
    await expect.poll(async () => (await cache.find(as('a'))).found?.isFresh).toBe(false);
    await cache.keep(as('a'), entry('new'));
    expect((await cache.find(as('a'))).found).toMatchObject({ entry: entry('new'), isFresh: true });
  });

  it('does not keep a reply of more than 1 MiB', async () => {
    const { cache, keys } = await setUp();
    const left = maxEntryBytes - Buffer.byteLength(JSON.stringify(entry('')));
    expect(await cache.keep(as('a'), entry('x'.repeat(left + 1)))).toBe('too_large');
    expect(await keys()).toEqual([]);
    expect(await cache.keep(as('a'), entry('x'.repeat(left)))).toBe('kept');
  });

  it('forgets what was not used for the longest when there is too much of a model', async () => {
    const { cache } = await setUp();
    const tick = () => new Promise((resolve) => setTimeout(resolve, 2));
    for (const digest of ['a', 'b', 'c']) {
      await cache.keep(as(digest), entry(digest));
      await tick();
    }
    await cache.find(as('a'));
    await cache.keep(as('other', { group: 'slow' }), entry('of another model'));
    await tick();
    await cache.keep(as('d'), entry('d'));
    const there = await Promise.all(
      ['a', 'b', 'c', 'd'].map(
        async (digest) => (await cache.find(as(digest))).found !== undefined,
      ),
    );
    expect(there).toEqual([true, false, true, true]);
    expect((await cache.find(as('other', { group: 'slow' }))).found).toBeDefined();
  });

  it.each(['all', 'model fast', 'tag docs'])(
    'forgets at once what is called "%s"',
    async (name) => {
      const { cache } = await setUp();
      const { nowMs: askedAtMs } = await cache.find(as('a'));
      await cache.keep(as('a', { askedAtMs }), entry('old'));
      const others = as('b', { askedAtMs, names: ['another'] });
      await cache.keep(others, entry('other'));
      await cache.keep({ ...as('a', { askedAtMs }), scope: 'evil' }, entry('theirs'));
      await cache.invalidate('acme', name);
      expect((await cache.find(as('a'))).found).toBeUndefined();
      expect((await cache.find(others)).found).toBeDefined();
      expect((await cache.find({ ...as('a'), scope: 'evil' })).found).toBeDefined();
    },
  );

  it('does not keep what was invalidated while its call was under way', async () => {
    const { cache } = await setUp();
    const { nowMs: askedAtMs } = await cache.find(as('a'));
    await cache.invalidate('acme', 'tag docs');
    expect(await cache.keep(as('a', { askedAtMs }), entry('late'))).toBe('invalid');
    expect((await cache.find(as('a'))).found).toBeUndefined();
  });

  it('lets one fetch another reply', async () => {
    const { cache } = await setUp();
    const claims = await Promise.all(Array.from({ length: 5 }, () => cache.claimRefresh(as('a'))));
    expect(claims.filter(Boolean)).toHaveLength(1);
  });

  it('takes a reply that is not JSON for none', async () => {
    const { cache, redis, root } = await setUp();
    await cache.keep(as('a'), entry('whole'));
    await redis.hset(`{${root}:cache:acme}/reply:a`, 'value', '{"result":');
    expect((await cache.find(as('a'))).found).toBeUndefined();
  });
});
