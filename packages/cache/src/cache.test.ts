import { describe, expect, it } from 'vitest';

import { testRedis } from '@sluice/testing';

import { createCache } from './cache.ts';
import { maxEntryBytes } from './reply-store.ts';
import { asEntry, asKept } from './testing/entries.ts';

async function setUp() {
  const { redis, root, keys } = await testRedis({ ownedKeys: [] });
  return { redis, keys, root, cache: createCache({ redis, root }) };
}

describe('the cache', () => {
  it('gives back what was kept, for as long as it was told to keep it', async () => {
    const { redis, root, cache } = await setUp();
    expect((await cache.find(asKept('a'))).found).toBeUndefined();
    expect(await cache.keep(asKept('a'), asEntry('Grüße 😀'))).toBe('kept');
    const { found } = await cache.find(asKept('a'));
    expect(found).toMatchObject({ entry: asEntry('Grüße 😀'), isFresh: true });
    expect(found?.ageMs).toBeLessThan(30_000);
    expect((await cache.find(asKept('b'))).found).toBeUndefined();
    const leftMs = await redis.pttl(`{${root}:cache:acme}/reply:a`);
    expect(leftMs).toBeGreaterThan(50_000);
    expect(leftMs).toBeLessThanOrEqual(60_000);
  });

  it('tells a stale reply from a fresh one', async () => {
    const { cache } = await setUp();
    await cache.keep(asKept('a', { ttlMs: 0.2, staleMs: 60_000 }), asEntry('old'));
    await expect.poll(async () => (await cache.find(asKept('a'))).found?.isFresh).toBe(false);
    await cache.keep(asKept('a'), asEntry('new'));
    expect((await cache.find(asKept('a'))).found).toMatchObject({
      entry: asEntry('new'),
      isFresh: true,
    });
  });

  it('does not keep a reply of more than 1 MiB', async () => {
    const { cache, keys } = await setUp();
    const left = maxEntryBytes - Buffer.byteLength(JSON.stringify(asEntry('')));
    expect(await cache.keep(asKept('a'), asEntry('x'.repeat(left + 1)))).toBe('too_large');
    expect(await keys()).toEqual([]);
    expect(await cache.keep(asKept('a'), asEntry('x'.repeat(left)))).toBe('kept');
  });

  it('forgets what was not used for the longest when there is too much of a model', async () => {
    const { cache } = await setUp();
    const tick = () => new Promise((resolve) => setTimeout(resolve, 2));
    for (const digest of ['a', 'b', 'c']) {
      await cache.keep(asKept(digest), asEntry(digest));
      await tick();
    }
    await cache.find(asKept('a'));
    await cache.keep(asKept('other', { group: 'slow' }), asEntry('of another model'));
    await tick();
    await cache.keep(asKept('d'), asEntry('d'));
    const there = await Promise.all(
      ['a', 'b', 'c', 'd'].map(
        async (digest) => (await cache.find(asKept(digest))).found !== undefined,
      ),
    );
    expect(there).toEqual([true, false, true, true]);
    expect((await cache.find(asKept('other', { group: 'slow' }))).found).toBeDefined();
  });

  it.each(['all', 'model fast', 'tag docs'])(
    'forgets at once what is called "%s"',
    async (name) => {
      const { cache } = await setUp();
      const { nowMs: askedAtMs } = await cache.find(asKept('a'));
      await cache.keep(asKept('a', { askedAtMs }), asEntry('old'));
      const others = asKept('b', { askedAtMs, names: ['another'] });
      await cache.keep(others, asEntry('other'));
      await cache.keep({ ...asKept('a', { askedAtMs }), scope: 'evil' }, asEntry('theirs'));
      await cache.invalidate('acme', name);
      expect((await cache.find(asKept('a'))).found).toBeUndefined();
      expect((await cache.find(others)).found).toBeDefined();
      expect((await cache.find({ ...asKept('a'), scope: 'evil' })).found).toBeDefined();
    },
  );

  it('does not keep what was invalidated while its call was under way', async () => {
    const { cache } = await setUp();
    const { nowMs: askedAtMs } = await cache.find(asKept('a'));
    await cache.invalidate('acme', 'tag docs');
    expect(await cache.keep(asKept('a', { askedAtMs }), asEntry('late'))).toBe('invalid');
    expect((await cache.find(asKept('a'))).found).toBeUndefined();
  });

  it('lets one fetch another reply', async () => {
    const { cache } = await setUp();
    const claims = await Promise.all(
      Array.from({ length: 5 }, () => cache.claimRefresh(asKept('a'))),
    );
    expect(claims.filter(Boolean)).toHaveLength(1);
  });

  it('takes a reply that is not JSON for none', async () => {
    const { cache, redis, root } = await setUp();
    await cache.keep(asKept('a'), asEntry('whole'));
    const key = `{${root}:cache:acme}/reply:a`;
    const stored = await redis.get(key);
    await redis.set(key, stored?.slice(0, -1) ?? '', 'KEEPTTL');
    expect((await cache.find(asKept('a'))).found).toBeUndefined();
  });
});
