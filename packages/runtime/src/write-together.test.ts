import { PassThrough } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';

import type { Redis } from 'ioredis';
import { expect, test } from 'vitest';

import { writeSoFar, writeTogether } from './write-together.ts';

test('what a turn sends is held back until it ends, or until it is let go', async () => {
  const stream = new PassThrough();
  // Nothing else of it is asked.
  const redis = { status: 'ready', stream } as unknown as Redis;
  const arrived = () => String(stream.read() ?? '');
  writeTogether(redis);
  stream.write('a');
  stream.write('b');
  expect(arrived()).toBe('');
  writeSoFar(redis);
  expect(arrived()).toBe('ab');
  stream.write('c');
  expect(arrived()).toBe('');
  await turn();
  expect(arrived()).toBe('c');
  writeSoFar(redis);
  stream.write('d');
  expect(arrived()).toBe('d');
});
