import { describe, expect, it } from 'vitest';

import { testRedis } from '@sluice/testing';

import { createCache, maxEntryBytes, type CacheEntry } from './cache.ts';
import { entryKey } from './keys.ts';

function entry(content: string): CacheEntry {
  return {
    result: {
      type: 'chat',
      message: { role: 'assistant', content },
      finish_reason: { unified: 'stop', raw: 'stop' },
    },
    usage: { input_tokens: 1, output_tokens: 2, total_tokens: 3, source: 'provider' },
    costUsd: '0.000001',
    storedAtMs: 1_000,
    provider: 'openai',
    model: 'gpt-5.4-nano',
  };
}

describe('the cache', () => {
  it('gives back what was written, for as long as it was told to keep it', async () => {
    const { redis, root, keys } = await testRedis({ ownedKeys: [] });
    const cache = createCache({ redis, root });
    expect(await cache.read('v1:a', 'acme')).toBeUndefined();
    expect(await cache.write('v1:a', entry('Grüße 😀'), 60_000, 'acme')).toBe('stored');
    expect(await cache.read('v1:a', 'acme')).toEqual(entry('Grüße 😀'));
    expect(await cache.read('v1:b', 'acme')).toBeUndefined();
    expect(await keys()).toEqual([`${root}:cache:v1:a`]);
    const leftMs = await redis.pttl(entryKey(root, 'v1:a'));
    expect(leftMs).toBeGreaterThan(50_000);
    expect(leftMs).toBeLessThanOrEqual(60_000);
  });

  it('replaces an older entry', async () => {
    const { redis, root } = await testRedis({ ownedKeys: [] });
    const cache = createCache({ redis, root });
    await cache.write('v1:a', entry('old'), 60_000, 'acme');
    await cache.write('v1:a', entry('new'), 60_000, 'acme');
    expect((await cache.read('v1:a', 'acme'))?.result).toMatchObject({
      message: { content: 'new' },
    });
  });

  it('does not keep an entry of more than 1 MiB', async () => {
    const { redis, root, keys } = await testRedis({ ownedKeys: [] });
    const cache = createCache({ redis, root });
    const empty = Buffer.byteLength(JSON.stringify(entry('')));
    expect(
      await cache.write('v1:a', entry('x'.repeat(maxEntryBytes - empty + 1)), 1_000, 'acme'),
    ).toBe('too_large');
    expect(await keys()).toEqual([]);
    expect(await cache.write('v1:a', entry('x'.repeat(maxEntryBytes - empty)), 1_000, 'acme')).toBe(
      'stored',
    );
  });

  it('keeps nothing without end, even for less than a millisecond', async () => {
    const { redis, root } = await testRedis({ ownedKeys: [] });
    const cache = createCache({ redis, root });
    expect(await cache.write('v1:a', entry(''), 0.2, 'acme')).toBe('stored');
  });

  it('takes an entry that is not JSON for none', async () => {
    const { redis, root } = await testRedis({ ownedKeys: [] });
    await redis.set(entryKey(root, 'v1:a'), '{"result":', 'PX', 60_000);
    expect(await createCache({ redis, root }).read('v1:a', 'acme')).toBeUndefined();
  });
});
