import type { PermitDecision } from '@sluice/limits';
import { createFakeClock } from '@sluice/testing';
import { expect, test } from 'vitest';

import type { Plan } from '../begin/plan-job.ts';
import { waitForPermit } from './wait-for-permit.ts';
import { createWorkerMetrics } from '../worker-metrics.ts';

type Denied = Extract<PermitDecision, { kind: 'denied' }>;

/** What becomes of a job whose permit is denied; its lane serves `laneTargets` models. */
function denied(
  scope: Denied['scope'],
  options: { waitMs?: number; fallback?: boolean; laneTargets?: number; attempts?: number } = {},
) {
  const { waitMs = 1_500, fallback = false, laneTargets = 1, attempts = 0 } = options;
  const clock = createFakeClock();
  const target = (model: string) => ({ provider: { name: 'p' }, model, lane: 'lane', facts: {} });
  const targets = Array.from({ length: laneTargets }, (_, i) => target(`m${i}`));
  const plan = {
    record: {
      attempts: Array.from({ length: attempts }, (_, i) => ({ number: i + 1 })),
      targetIndex: 0,
      createdAtMs: clock.now(),
      startByMs: clock.now() + 60_000,
      deadlineMs: clock.now() + 120_000,
      interruptions: 0,
      priority: 'normal',
    },
    itinerary: {
      steps: (fallback ? ['m0', 'other'] : ['m0']).map((model) => {
        return { target: target(model), group: 'any' };
      }),
      first: 0,
      rules: {},
    },
    target: target('m0'),
    lane: { name: 'lane', buckets: [], concurrency: undefined },
    // Only what the decision reads.
  } as unknown as Plan;
  const routes = { chat: Object.fromEntries(targets.map((t) => [t.model, { targets: [t] }])) };
  const deps = {
    clock,
    config: { routes: { ...routes, workflow: {} } },
    random: () => 0.5,
    metrics: createWorkerMetrics(),
  } as unknown as Parameters<typeof waitForPermit>[2];
  const resetsAtMs = clock.now() + waitMs;
  return waitForPermit(plan, { kind: 'denied', scope, limit: 'x', waitMs, resetsAtMs }, deps);
}

test('a full lane rests for everyone', () => {
  expect(denied('lane')).toMatchObject({ kind: 'wait', scope: 'lane', waitMs: 1_500 });
});

test('a lane looks again after two seconds: calls may settle for less', () => {
  expect(denied('lane', { waitMs: 30_000 })).toMatchObject({ waitMs: 2_000 });
});

test('a tenant without room delays its own ticket only, for as long as it takes', () => {
  expect(denied('tenant', { waitMs: 30_000 })).toMatchObject({
    kind: 'wait',
    scope: 'tenant',
    waitMs: 30_000,
    waitingOn: { scope: 'tenant' },
  });
});

test('a broken target is left for the next one without an attempt', () => {
  const outcome = denied('target', { fallback: true });
  expect(outcome).toEqual({
    kind: 'fallback',
    targetIndex: 1,
    lane: 'lane',
    moves: [{ provider: 'p', model: 'm0', reason: 'x', attempts: 0 }],
    claim: { priority: 'normal' },
  });
});

test('a broken target that has its lane to itself makes the lane wait for the next probe', () => {
  expect(denied('target')).toMatchObject({ kind: 'wait', scope: 'lane', waitMs: 1_500 });
});

test('a broken target does not hold up the others in its lane', () => {
  const outcome = denied('target', { laneTargets: 2 });
  expect(outcome).toMatchObject({ kind: 'wait', scope: 'tenant', waitMs: 3_500 });
});

test.each(['lane', 'tenant', 'target'] as const)(
  'a job that cannot start in time for its %s ends unspent',
  (scope) => {
    expect(denied(scope, { waitMs: 60_001 })).toMatchObject({
      kind: 'ended',
      ending: { state: 'expired' },
    });
  },
);

test.each(['lane', 'tenant'] as const)(
  'a job that cannot start in time for its %s goes to the next target',
  (scope) => {
    expect(denied(scope, { waitMs: 60_001, fallback: true })).toMatchObject({
      kind: 'fallback',
      targetIndex: 1,
    });
    expect(denied(scope, { fallback: true })).toMatchObject({ kind: 'wait' });
  },
);

test('a job that was tried already waits on past its time to start, but not past its deadline', () => {
  expect(denied('lane', { waitMs: 60_001, attempts: 1 })).toMatchObject({ kind: 'wait' });
  expect(denied('lane', { waitMs: 120_001, attempts: 1 })).toMatchObject({
    kind: 'ended',
    ending: { state: 'expired', error: { param: 'timeout_seconds' } },
  });
});
