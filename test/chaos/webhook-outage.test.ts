import { expect, test } from 'vitest';

import { isProven, runWebhookOutage } from './webhook-outage.ts';

test('a receiver that was down for two hours in which workers died is told of every job, under one id and with one end', async () => {
  const report = await runWebhookOutage({ jobs: 20, kills: 2, workers: 2, seed: 3, scale: 1_800 });
  expect({ report, proven: isProven(report) }).toMatchObject({ proven: true });
  expect(report.refused).toBeGreaterThanOrEqual(report.jobs);
}, 180_000);
