import { expect, test } from 'vitest';

import { runDifyChaos } from './dify-runs.ts';

test('Dify runs whose workers are killed all finish, and each was started once', async () => {
  const report = await runDifyChaos({
    runs: 20,
    kills: 3,
    workers: 2,
    seed: 7,
    scale: 180,
    submitEveryMs: 100,
  });
  expect(report).toMatchObject({ completed: 20, others: [], posts: 20, notOnce: 0, killed: 3 });
  expect(report.interruptedJobs).toBeGreaterThan(0);
}, 120_000);
