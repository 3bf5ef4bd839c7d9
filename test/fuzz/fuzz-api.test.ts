import { expect, test } from 'vitest';

import { fuzzApi } from './fuzz-api.ts';

test('500 requests of the grammar of the OpenAPI document get no 5xx and no cut connection', async () => {
  const report = await fuzzApi({ requests: 500, seed: 7, concurrency: 8 });
  expect(report.findings).toEqual([]);
  expect(report).toMatchObject({ sent: 500, alive: true });
  // A grammar whose requests are all refused at the door would find nothing.
  for (const status of [200, 202, 400, 401, 403, 404, 405]) {
    expect(report.byStatus[status], `status ${status}`).toBeGreaterThan(0);
  }
});
