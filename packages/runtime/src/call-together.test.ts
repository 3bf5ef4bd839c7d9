import type { Redis } from 'ioredis';
import { expect, test } from 'vitest';

import { callTogether } from './call-together.ts';

/** A connection that is not open: what is sent is only noted. */
function setUp() {
  // Nothing else of it is asked.
  const redis = { status: 'end' } as Redis;
  const sent: string[] = [];
  const call = async (name: string, key: string, isLast = false) =>
    await callTogether(redis, { name, isLast }, { keys: [key], args: [] }, async (calls) => {
      sent.push(`${name} ${calls.map(({ keys }) => keys[0]).join(' ')}`);
      return calls.map(({ keys }) => keys[0]);
    });
  return { call, sent };
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
