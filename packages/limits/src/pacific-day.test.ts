import { expect, test } from 'vitest';

import { pacificDay } from './pacific-day.ts';
import { requests, testLane } from './testing/test-lane.ts';

test.each([
  ['in winter', '2026-11-21T12:00:00Z', '2026-11-21', '2026-11-22T08:00:05Z'],
  ['in summer', '2026-07-01T06:59:59Z', '2026-06-30', '2026-07-01T07:00:05Z'],
  ['on the day with 23 hours', '2026-03-08T08:30:00Z', '2026-03-08', '2026-03-09T07:00:05Z'],
  ['on the day with 25 hours', '2026-11-01T07:30:00Z', '2026-11-01', '2026-11-02T08:00:05Z'],
  ['until 5 s past midnight', '2026-11-22T08:00:04Z', '2026-11-21', '2026-11-22T08:00:05Z'],
  ['from then on', '2026-11-22T08:00:05Z', '2026-11-22', '2026-11-23T08:00:05Z'],
])('knows the day in California %s', (_when, now, date, end) => {
  const endsAtMs = Date.parse(end);
  expect(pacificDay(Date.parse(now))).toMatchObject({ date, endsAtMs });
});

test('a day’s limit is given anew at midnight in California, not a day after its use', async () => {
  const lane = await testLane({
    buckets: [{ ...requests(2, 86_400_000), resets: 'pacific midnight' }],
  });
  lane.nowMs = Date.parse('2026-11-21T20:00:00Z');
  await lane.permit();
  await lane.permit();
  const resetsAtMs = Date.parse('2026-11-22T08:00:05Z');
  expect(await lane.acquire()).toMatchObject({
    kind: 'denied',
    limit: 'requests per 86400 s',
    resetsAtMs,
  });
  expect(await lane.status()).toMatchObject({ buckets: [{ used: 2, resetsAtMs }] });
  lane.nowMs = resetsAtMs - 1;
  expect(await lane.acquire()).toMatchObject({ kind: 'denied', waitMs: 1 });
  lane.nowMs = resetsAtMs;
  expect(await lane.grantsWithin(1)).toBe(2);
});
