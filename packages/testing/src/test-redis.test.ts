import { describe, expect, inject, onTestFinished, test } from 'vitest';
import { Redis } from 'ioredis';

import { assertNoLeaks } from './assert-no-leaks.ts';
import { testRedis } from './test-redis.ts';

describe('testRedis', () => {
  let leftBehind = '';

  test('finds the keys under its root and no others', async () => {
    const { redis, root, keys } = await testRedis();
    const other = await testRedis();
    await redis.set(`{${root}:0}:job`, '1');
    await redis.set(`${root}:cache:1`, '1');
    await other.redis.set(`${other.root}:x`, '1');
    expect(await keys()).toEqual([`${root}:cache:1`, `{${root}:0}:job`]);
    leftBehind = root;
  });

  test('has deleted the keys of the test before', async () => {
    const redis = new Redis(inject('redisUrl'));
    onTestFinished(() => redis.disconnect());
    expect(leftBehind).not.toBe('');
    expect(await redis.keys(`*${leftBehind}*`)).toEqual([]);
  });

  test('accepts keys with a TTL or an owner', async () => {
    const { redis, root } = await testRedis({ ownedKeys: [/:meta$/] });
    await redis.set(`${root}:short`, '1', 'PX', 60_000);
    await redis.set(`${root}:meta`, '1');
    expect(await redis.exists(`${root}:meta`)).toBe(1);
  });

  test('names keys that have neither', async () => {
    const { redis, root, keys } = await testRedis();
    await redis.set(`${root}:lost`, '1');
    await redis.set(`${root}:meta`, '1');
    const check = assertNoLeaks(redis, await keys(), [/:meta$/]);
    await expect(check).rejects.toThrow(`without owner:\n  ${root}:lost`);
  });
});
