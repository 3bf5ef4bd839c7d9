import { expect, test } from 'vitest';

import { ChaosLedger } from './chaos-ledger.ts';
import { checkLedger } from './check-ledger.ts';
import { describeOutages, outageRows } from './describe-outages.ts';
import { planChaos, type ChaosAct } from './plan-chaos.ts';
import { planOutages } from './plan-outages.ts';
import { runChaos } from './run-chaos.ts';

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

test('outages come one after the other, each with time to recover, as long as was asked for', () => {
  const plan = planOutages(5);
  const kinds = plan.map(({ kind }) => kind).join(' ');
  expect(kinds).toBe('kill_redis kill_redis pause_redis pause_redis freeze freeze cut cut cut');
  const starts = plan.map(({ atMs }) => atMs);
  expect(starts).toEqual(starts.toSorted((a, b) => a - b));
  expect(planOutages(90).some((act) => 'downMs' in act && act.downMs === 90_000)).toBe(true);
});

/** One of each kind, close together. */
const oneOfEach: ChaosAct[] = [
  { atMs: 1_000, kind: 'kill_worker', victim: 0 },
  { atMs: 2_500, kind: 'kill_redis', downMs: 1_000 },
  { atMs: 5_500, kind: 'pause_redis', forMs: 1_000 },
  { atMs: 8_000, kind: 'cut' },
  { atMs: 8_500, kind: 'kill_api', victim: 0 },
];

test('every kind of fault in a row, on real processes: nothing is lost, bought twice, untold or mixed up', async () => {
  const options = { ...slice, jobs: 80, workers: 2 };
  const { ledger, verdicts } = await runChaos(options, undefined, oneOfEach);
  expect(verdicts.flatMap(({ breaches }) => breaches)).toEqual([]);
  expect(ledger.of('accepted')).toHaveLength(80);
  const rows = outageRows(ledger);
  expect(rows.map(({ outage }) => outage)).toEqual(['kill_redis', 'pause_redis', 'cut']);
  expect(rows.map(({ withoutRetryAfter }) => withoutRetryAfter)).toEqual([0, 0, 0]);
  expect(describeOutages(ledger)).toContain('kill_redis');
}, 240_000);
