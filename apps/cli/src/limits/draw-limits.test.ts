import { expect, test } from 'vitest';

import { drawLimits } from './draw-limits.ts';

test('limits are a table with what is used, and what each tenant has', () => {
  const text = drawLimits({
    data: [
      {
        id: 'openai',
        state: 'closed',
        reason: 'upstream 429',
        reopens_at: '2026-11-27T10:00:00Z',
        buckets: [{ unit: 'requests', limit: 100, window_seconds: 60, used: 25 }],
        concurrency: { limit: null, in_flight: 3 },
        tickets: { waiting: 12, delayed: 0 },
      },
    ],
    tenants: [{ tenant_id: 'acme', queued_jobs: 12, queued_bytes: 3_400, running: 3 }],
  });
  const state = 'closed, upstream 429, until 2026-11-27T10:00:00Z, 12 wait';
  const empty = ' '.repeat(20);
  expect(text).toBe(
    [
      `lane    ${'state'.padEnd(state.length)}  limit              ${empty}  used   of`,
      `openai  ${state}  requests per 60 s  ${'█'.repeat(5)}${'░'.repeat(15)}    25  100`,
      `        ${' '.repeat(state.length)}  calls at once      ${empty}     3  any`,
      '',
      'tenant  queued  running  bytes',
      'acme        12        3   3400',
      '',
    ].join('\n'),
  );
});
