import { expect, test } from 'vitest';

import { runCancelRaces } from './cancel-races.ts';

test('a job that is cancelled as it completes ends once, and its call is cut within a second', async () => {
  const report = await runCancelRaces({ races: 300, workers: 2, seed: 5 });
  expect(report.breaches).toEqual([]);
  // The moments are well chosen only if both happen.
  expect(report.states.completed).toBeGreaterThan(5);
  expect(report.states.cancelled).toBeGreaterThan(5);
  expect(report.cut).toBeGreaterThan(5);
  expect(report.metered).toBe(report.cut);
  expect(report.cutMs.p99).toBeLessThan(1_000);
}, 120_000);
