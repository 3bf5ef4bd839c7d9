import { expect, test } from 'vitest';

import { ChaosLedger } from './chaos-ledger.ts';
import { checkLedger } from './check-ledger.ts';
import { planChaos } from './plan-chaos.ts';

const slice = { seed: 3, jobs: 150, kills: 4, workers: 3, apis: 2, everyMs: 900 };

test('the same seed gives the same plan, and another seed another', () => {
  expect(planChaos(slice)).toEqual(planChaos(slice));
  expect(planChaos(slice)).not.toEqual(planChaos({ ...slice, seed: 4 }));
});

test('the checker finds a job that was lost, bought twice, not delivered and over the limit', () => {
  const ledger = new ChaosLedger();
  for (const jobId of ['job_lost', 'job_twice']) {
    ledger.add({
      kind: 'accepted',
      atMs: 0,
      jobId,
      word: `word-red-${jobId.length}`,
      tenant: 'red',
    });
  }
  ledger.add({
    kind: 'result',
    job: {
      id: 'job_twice',
      object: 'job',
      type: 'chat',
      state: 'completed',
      priority: 'normal',
      created_at: '2026-01-01T00:00:00Z',
      deadline_at: '2026-01-08T00:00:00Z',
      attempts: [],
      timeline: [{ id: '1', type: 'completed', at: '2026-01-01T00:00:01Z' }],
      result: {
        type: 'chat',
        message: { role: 'assistant', content: 'You said: word-red-8' },
        finish_reason: { unified: 'stop', raw: 'stop' },
      },
    },
  });
  for (const seq of [1, 2]) {
    ledger.add({ kind: 'call', call: { ...bought, seq, atMs: seq, jobTag: 'word-red-9' } });
  }
  const breaches = checkLedger(ledger, { callsPerMinute: 1 }).map((verdict) => verdict.breaches);
  expect(breaches).toEqual([
    [expect.stringContaining('job_lost is gone')],
    [expect.stringContaining('job_lost was bought 0'), expect.stringContaining('bought 2 times')],
    [expect.stringContaining('job_twice was delivered under 0 ids')],
    [expect.stringContaining('2 calls within 60 s')],
    [expect.stringContaining('job_twice holds word-red-8')],
    [],
  ]);
});

const bought = {
  dialect: 'openai',
  kind: 'chat',
  paid: true,
  method: 'POST',
  path: '/openai/v1/chat/completions',
  key: null,
  model: 'sim-chat',
  status: 200,
  outcome: 'bought',
  reservedTokens: 0,
  inputTokens: 1,
  outputTokens: 1,
  costUsd: 0,
  bodySha256: null,
  durationMs: 1,
  fault: null,
  runId: null,
  runStatus: null,
} as const;
