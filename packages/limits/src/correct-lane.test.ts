import { expect, test } from 'vitest';

import { minute, requests, testLane, tokens } from './testing/test-lane.ts';

test('brings a bucket down to what the upstream says is left', async () => {
  const lane = await testLane({ buckets: [requests(100, minute)] });
  await lane.permit();
  expect(await lane.correct([{ bucket: requests(100, minute), units: 40 }])).toEqual([59]);
  expect(await lane.used()).toEqual([60]);
  expect(await lane.grantsWithin(1)).toBe(40);
});

test('never brings one up: the upstream has not seen the calls on their way', async () => {
  const lane = await testLane({ buckets: [requests(10, minute)] });
  for (let i = 0; i < 10; i += 1) await lane.permit();
  expect(await lane.correct([{ bucket: requests(10, minute), units: 9 }])).toEqual([0]);
  expect(await lane.acquire()).toMatchObject({ kind: 'denied' });
});

test('what was taken out leaves the window like any charge', async () => {
  const lane = await testLane({ buckets: [tokens(100, 1_000)] });
  await lane.permit({ tokens: 1 });
  await lane.correct([{ bucket: tokens(100, 1_000), units: 0 }]);
  expect(await lane.acquire({ tokens: 1 })).toMatchObject({ kind: 'denied' });
  lane.nowMs += 1_022;
  await lane.permit({ tokens: 100 });
});

test('paces a smooth bucket that was brought down', async () => {
  const lane = await testLane({ buckets: [requests(60, minute, 'smooth')] });
  await lane.permit();
  await lane.correct([{ bucket: requests(60, minute, 'smooth'), units: 29 }]);
  const decision = await lane.acquire();
  expect(decision.kind === 'denied' && decision.waitMs).toBeGreaterThanOrEqual(29_000);
});

test('says nothing of a bucket in which nothing was charged', async () => {
  const lane = await testLane({ buckets: [requests(100, minute)] });
  expect(await lane.correct([{ bucket: requests(100, minute), units: 40 }])).toEqual([0]);
  expect(await lane.used()).toEqual([0]);
});
