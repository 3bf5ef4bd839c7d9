import type { RetryPolicy } from '@sluice/config';
import { SluiceError, type Attempt, type ErrorCode } from '@sluice/contracts';
import type { BreakerState } from '@sluice/limits';
import { stopReasons } from '@sluice/queue';
import { createLogger } from '@sluice/runtime';
import { createFakeClock } from '@sluice/testing';
import { expect, test } from 'vitest';

import { slotLost } from '../call/call-upstream.ts';
import { judgeFailure } from './judge-failure.ts';
import type { Plan } from '../begin/plan-job.ts';
import { createWorkerMetrics } from '../worker-metrics.ts';

const retry: RetryPolicy = { maxAttempts: 3, initialDelayMs: 100, maxDelayMs: 1_000 };

function attempt(number: number): Attempt {
  const times = { started_at_ms: 0, ended_at_ms: 1 };
  return { number, provider: 'first', model: 'm', ...times, outcome: 'failed' };
}

/** What becomes of a job after `failed` earlier attempts and this error. */
async function judge(
  error: SluiceError,
  options: {
    failed?: number;
    targets?: number;
    otherKey?: string;
    isHeld?: boolean;
    breaker?: BreakerState;
    late?: boolean;
    leftMs?: number;
    maxPauseMs?: number;
  } = {},
) {
  const { failed = 0, targets = 1, isHeld = false } = options;
  const clock = createFakeClock();
  const paused: number[] = [];
  const parked: string[] = [];
  const target = { provider: { name: 'first' }, model: 'm', apiKey: 'key-1', facts: {}, retry };
  const steps = Array.from({ length: targets }, () => ({ target, group: 'any' }));
  const plan = {
    record: {
      jobId: 'job_a',
      attempts: Array.from({ length: failed }, (_, i) => attempt(i + 1)),
      targetIndex: 0,
      createdAtMs: clock.now(),
      startByMs: clock.now() + (options.late ? -1 : 60_000),
      deadlineMs: clock.now() + (options.leftMs ?? 3_600_000),
      interruptions: 0,
      priority: 'normal',
    },
    itinerary: { steps, first: 0, rules: {} },
    target,
    lane: { name: 'lane', buckets: [], concurrency: undefined, maxPauseMs: options.maxPauseMs },
    // Only what the judgement reads.
  } as unknown as Plan;
  const deps = {
    clock,
    config: { routes: { chat: {}, workflow: {} } },
    random: () => 0.5,
    log: createLogger({ name: 'test', level: 'silent' }),
    metrics: createWorkerMetrics(),
    parkedKeys: {
      park: async (_target: unknown, apiKey: string) => {
        parked.push(apiKey);
        return { kind: options.otherKey === undefined ? 'parked' : 'key' };
      },
    },
    limits: { penalize: async (_lane: unknown, pauseMs: number) => void paused.push(pauseMs) },
  } as unknown as Parameters<typeof judgeFailure>[2];
  const outcome = await judgeFailure(
    plan,
    { ok: false, attempt: attempt(failed + 1), error, isHeld, isCut: false },
    deps,
    options.breaker,
  );
  return { outcome, paused, parked };
}

const failure = (code: ErrorCode, options?: ConstructorParameters<typeof SluiceError>[2]) =>
  new SluiceError(code, code, options);

test.each([
  ['a worker that drains', stopReasons.drained, { kind: 'give_back' }],
  ['a lost lock', stopReasons.lockLost, { kind: 'nothing' }],
  ['a cancelled job', failure('cancelled'), { kind: 'nothing' }],
  ['a lost slot', slotLost, { kind: 'wait', scope: 'lane', waitMs: 1 }],
  ['a permit that ran out', failure('permit_expired'), { kind: 'wait', scope: 'lane', waitMs: 1 }],
  ['an overloaded upstream', failure('upstream_overloaded'), { kind: 'retry', delayMs: 50 }],
  ['a network error', failure('upstream_unreachable'), { kind: 'retry', delayMs: 50 }],
  [
    'a longer Retry-After',
    failure('upstream_overloaded', { retryAfterMs: 7_000 }),
    { kind: 'retry', delayMs: 7_000 },
  ],
  ['a wrong request', failure('upstream_invalid_request'), { kind: 'ended' }],
  ['a refused key', failure('upstream_auth'), { kind: 'ended' }],
])('%s', async (_case, error, expected) => {
  expect((await judge(error)).outcome).toMatchObject(expected);
});

test('a 429 closes the lane for as long as the upstream asks; its head is looked at every two seconds', async () => {
  const { outcome, paused } = await judge(failure('rate_limited', { retryAfterMs: 3_000 }));
  expect(outcome).toMatchObject({ kind: 'wait', scope: 'lane', waitMs: 2_000 });
  expect(outcome).not.toHaveProperty('attempt');
  expect(paused).toEqual([3_000]);
});

test('a 429 that outlasts the job’s time to start ends it unspent', async () => {
  const { outcome } = await judge(failure('rate_limited', { retryAfterMs: 61_000 }));
  expect(outcome).toMatchObject({ kind: 'ended', ending: { state: 'expired' } });
});

test('a 429 that outlasts the job’s time to start sends it to the next target, unburned', async () => {
  const error = failure('rate_limited', { retryAfterMs: 61_000 });
  const { outcome } = await judge(error, { targets: 2 });
  expect(outcome).toMatchObject({
    kind: 'fallback',
    targetIndex: 1,
    moves: [{ provider: 'first', model: 'm', reason: 'upstream 429', attempts: 0 }],
  });
  expect(outcome).not.toHaveProperty('attempt');
});

test('the last attempt fails the job, or hands it to the next target', async () => {
  const last = { failed: retry.maxAttempts - 1 };
  const error = failure('upstream_error');
  expect((await judge(error, last)).outcome).toMatchObject({
    kind: 'ended',
    ending: { state: 'failed', error: { code: 'upstream_error' }, attempt: { number: 3 } },
  });
  expect((await judge(error, { ...last, targets: 2 })).outcome).toMatchObject({
    kind: 'fallback',
    targetIndex: 1,
  });
});

test('a refused key falls back at once, a wrong request does not', async () => {
  const two = { targets: 2 };
  expect((await judge(failure('upstream_auth'), two)).outcome).toMatchObject({ kind: 'fallback' });
  const wrong = await judge(failure('upstream_invalid_request'), two);
  expect(wrong.outcome).toMatchObject({ kind: 'ended' });
});

test('a refused key is parked; with another one the job asks again at once and unburned', async () => {
  const other = await judge(failure('quota_exceeded'), { otherKey: 'key-2' });
  expect(other.parked).toEqual(['key-1']);
  expect(other.outcome).toMatchObject({ kind: 'wait', scope: 'lane', waitMs: 1 });
  expect(other.outcome).not.toHaveProperty('attempt');
  const last = await judge(failure('quota_exceeded'));
  expect(last.parked).toEqual(['key-1']);
  expect(last.outcome).toMatchObject({ ending: { error: { code: 'quota_exceeded' } } });
  expect((await judge(failure('upstream_overloaded'))).parked).toEqual([]);
});

test('a call whose run may go on is never handed to another target', async () => {
  const held = { failed: retry.maxAttempts - 1, targets: 2, isHeld: true };
  expect((await judge(failure('upstream_truncated'), held)).outcome.kind).toBe('ended');
  const uncertain = failure('upstream_timeout', { retryable: false });
  expect((await judge(uncertain, { targets: 2, isHeld: true })).outcome.kind).toBe('ended');
  expect((await judge(uncertain, { targets: 2 })).outcome.kind).toBe('fallback');
});

test.each(['opened', 'open'] as const)(
  'a fault of a target whose breaker is %s burns no attempt: the ticket lets others go first',
  async (breaker) => {
    const { outcome } = await judge(failure('upstream_overloaded'), { breaker, failed: 2 });
    expect(outcome).toMatchObject({
      kind: 'wait',
      scope: 'tenant',
      waitMs: 3_750,
      waitingOn: { limit: 'circuit breaker' },
    });
  },
);

test('a fault of a target whose breaker is open goes to the next target', async () => {
  const { outcome } = await judge(failure('upstream_error'), { breaker: 'open', targets: 2 });
  expect(outcome).toMatchObject({ kind: 'fallback', targetIndex: 1 });
});

test('a job past its time to start is not kept waiting for a breaker', async () => {
  const options = { breaker: 'open', failed: 2, late: true } as const;
  const { outcome } = await judge(failure('upstream_overloaded'), options);
  expect(outcome).toMatchObject({ kind: 'ended', ending: { state: 'failed' } });
});

test('a Retry-After closes the lane for no longer than its configuration allows', async () => {
  const error = failure('rate_limited', { retryAfterMs: 500_000 });
  const { outcome, paused } = await judge(error, { maxPauseMs: 20_000 });
  expect(paused).toEqual([20_000]);
  expect(outcome).toMatchObject({
    kind: 'wait',
    waitingOn: { resets_at: new Date(createFakeClock().now() + 20_000).toISOString() },
  });
});

test.each([
  ['a retry', failure('upstream_overloaded', { retryAfterMs: 7_000 })],
  ['a 429', failure('rate_limited', { retryAfterMs: 7_000 })],
])(
  '%s that would come after the deadline ends a tried job as expired, or sends it on',
  async (_case, error) => {
    const late = { failed: 1, leftMs: 6_000 };
    expect((await judge(error, late)).outcome).toMatchObject({
      kind: 'ended',
      ending: { state: 'expired', error: { code: 'expired', param: 'timeout_seconds' } },
    });
    expect((await judge(error, { ...late, targets: 2 })).outcome).toMatchObject({
      kind: 'fallback',
    });
    expect((await judge(error, { ...late, leftMs: 8_000 })).outcome.kind).toMatch(/retry|wait/);
  },
);

test('a run that goes on upstream is waited for until the deadline, not given up before it', async () => {
  const error = failure('upstream_truncated', { retryAfterMs: 7_000 });
  const { outcome } = await judge(error, { leftMs: 6_000, isHeld: true });
  expect(outcome).toMatchObject({ kind: 'retry' });
});
