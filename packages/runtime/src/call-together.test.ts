import type { Redis } from 'ioredis';
import { expect, test } from 'vitest';

import { callTogether, type CallGroup } from './call-together.ts';

/** A connection that is not open: what is sent is only noted. */
function setUp() {
  // Nothing else of it is asked.
  const redis = { status: 'end' } as Redis;
  const sent: string[] = [];
  const callOf = async (group: CallGroup, key: string) =>
    await callTogether(redis, group, { keys: [key], args: [] }, async (calls) => {
      sent.push(`${group.name} ${calls.map(({ keys }) => keys[0]).join(' ')}`);
      return calls.map(({ keys }) => keys[0]);
    });
  const call = async (name: string, key: string, isLast = false) =>
    await callOf({ name, isLast }, key);
  return { call, callOf, sent };
}

test('calls of one turn leave by their groups, 16 at a time, those that are last behind all others', async () => {
  const { call, sent } = setUp();
  const many = Array.from({ length: 17 }, (_, i) => `${i}`);
  const replies = await Promise.all([
    call('land', 'a', true),
    call('finish', 'a'),
    call('land', 'b', true),
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
  await call('land', 'c', true);
  expect(sent.at(-1)).toBe('land c');
});

test('a group that is full leaves at once, and all that waits with it', async () => {
  const { call, callOf, sent } = setUp();
  const begin = { name: 'begin', isLast: false, leavesAt: 3 };
  const replies = ['a', 'b', 'c', 'd'].map((key) => [call('finish', key), callOf(begin, key)]);
  expect(sent).toEqual(['finish a b c', 'begin a b c']);
  expect(await Promise.all(replies.flat())).toEqual(['a', 'a', 'b', 'b', 'c', 'c', 'd', 'd']);
  expect(sent.slice(2)).toEqual(['finish d', 'begin d']);
});
