import type { Redis } from 'ioredis';
import { expect, test } from 'vitest';

import { callTogether, type CallGroup } from './call-together.ts';

/** A connection that is not open: what is sent is only noted. */
function setUp() {
  // Nothing else of it is asked.
  const redis = { status: 'end' } as Redis;
  const sent: string[] = [];
  const groupOf = (name: string, options: Partial<CallGroup> = {}): CallGroup => ({
    isLast: false,
    ...options,
    async run(_redis, calls) {
      sent.push(`${name} ${calls.map(({ keys }) => keys[0]).join(' ')}`);
      return calls.map(({ keys }) => keys[0]);
    },
  });
  const groups = {
    begin: groupOf('begin'),
    finish: groupOf('finish'),
    land: groupOf('land', { isLast: true }),
    soon: groupOf('soon', { leavesAt: 3 }),
  };
  const call = async (name: keyof typeof groups, key: string) =>
    await callTogether(redis, groups[name], { keys: [key], args: [] });
  return { call, sent };
}

test('calls of one turn leave by their groups, 16 at a time, those that are last behind all others', async () => {
  const { call, sent } = setUp();
  const many = Array.from({ length: 17 }, (_, i) => `${i}`);
  const replies = await Promise.all([
    call('land', 'a'),
    call('finish', 'a'),
    call('land', 'b'),
    ...many.map((key) => call('begin', key)),
    call('finish', 'b'),
  ]);
  expect(replies).toEqual(['a', 'a', 'b', ...many, 'b']);
  expect(sent).toEqual([
    'finish a b',
    `begin ${many.slice(0, 16).join(' ')}`,
    'begin 16',
    'land a b',
  ]);
  await call('land', 'c');
  expect(sent.at(-1)).toBe('land c');
});

test('a group that is full leaves at once, and all that waits with it', async () => {
  const { call, sent } = setUp();
  const replies = ['a', 'b', 'c', 'd'].map((key) => [call('finish', key), call('soon', key)]);
  expect(sent).toEqual(['finish a b c', 'soon a b c']);
  expect(await Promise.all(replies.flat())).toEqual(['a', 'a', 'b', 'b', 'c', 'c', 'd', 'd']);
  expect(sent.slice(2)).toEqual(['finish d', 'soon d']);
});
