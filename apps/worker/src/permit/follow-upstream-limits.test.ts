import type { Bucket, Target } from '@sluice/config';
import { createLogger } from '@sluice/runtime';
import { createFakeClock } from '@sluice/testing';
import { expect, test } from 'vitest';

import { followUpstreamLimits } from './follow-upstream-limits.ts';

const bucket = (unit: Bucket['unit'], limit: number, windowMs: number): Bucket => ({
  unit,
  limit,
  windowMs,
  pacing: 'smooth',
});
const second = bucket('requests', 10, 1_000);
const minute = bucket('requests', 60, 60_000);
const lane = { name: 'lane', buckets: [minute, second], concurrency: undefined };

function listen(apiKeys = ['key']) {
  const clock = createFakeClock();
  const corrected: unknown[] = [];
  const correct = async (_lane: unknown, remaining: unknown) => void corrected.push(remaining);
  const deps = {
    clock,
    laneBook: { lane: () => lane },
    limits: { correct },
    log: createLogger({ name: 'test', level: 'silent' }),
    // Only what the listener uses.
  } as unknown as Parameters<typeof followUpstreamLimits>[0];
  const listener = followUpstreamLimits(deps);
  const target = { lane: 'lane', apiKeys } as unknown as Target;
  const hear = (units: number, resetMs: number) =>
    listener(target, [{ unit: 'requests', units, resetMs }]);
  return { hear, corrected, clock };
}

test('what is left is of the shortest window in which it can come back', async () => {
  const { hear, corrected, clock } = listen();
  hear(3, 900);
  await clock.advance(200);
  hear(3, 30_000);
  expect(corrected).toEqual([[{ bucket: second, units: 3 }], [{ bucket: minute, units: 3 }]]);
});

test('no more is asked of Redis than five times a second, and nothing where enough is left', async () => {
  const { hear, corrected, clock } = listen();
  for (let i = 0; i < 50; i += 1) hear(3, 30_000);
  expect(corrected).toHaveLength(1);
  await clock.advance(200);
  hear(60, 30_000);
  hear(3, 90_000_000);
  expect(corrected).toHaveLength(1);
});

test('what is said of one key of several says nothing of their lane', () => {
  const { hear, corrected } = listen(['a', 'b']);
  hear(3, 30_000);
  expect(corrected).toEqual([]);
});
