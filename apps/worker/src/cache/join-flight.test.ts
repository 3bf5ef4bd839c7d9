import { createFlights } from '@sluice/cache';
import type { ErrorData, JobState } from '@sluice/contracts';
import { createFakeClock, testRedis } from '@sluice/testing';
import { expect, test } from 'vitest';

import type { Plan } from '../begin/plan-job.ts';
import type { RunJobDeps } from '../run-job-deps.ts';
import { flightFor } from './flight-for.ts';
import { joinFlight } from './join-flight.ts';
import { createWorkerMetrics } from '../worker-metrics.ts';

const timedOut: ErrorData = { code: 'upstream_timeout', message: 'late', retryable: true };
const broken: ErrorData = { code: 'upstream_error', message: 'an outage', retryable: true };

function planOf(jobId: string, attemptTimeoutMs = 1_000) {
  const target = { provider: { name: 'p' }, model: 'm', lane: 'lane', facts: {} };
  const nowMs = createFakeClock().now();
  const place = { scope: 'acme', group: 'm', digest: 'd' };
  const policy = { mode: 'default', strategy: 'exact', singleFlight: true, scope: 'tenant' };
  return {
    record: {
      jobId,
      type: 'chat',
      tenantId: 'acme',
      input: { messages: [{ role: 'user', content: 'the same' }] },
      targetIndex: 0,
      retries: 0,
      attemptTimeoutMs,
      startByMs: nowMs + 60_000,
      deadlineMs: nowMs + 60_000,
    },
    route: { name: 'chat', targets: [target] },
    itinerary: { steps: [{ target, group: 'any' }], first: 0, rules: {} },
    target,
    cached: { policy, place },
    // Only what is read.
  } as unknown as Plan & { cached: NonNullable<Plan['cached']> };
}

/** Two jobs wait for a leader, which is then what `leader` says. */
async function followers() {
  const { redis, root } = await testRedis({ ownedKeys: [] });
  const flights = createFlights({ redis, root });
  const leader = { state: 'in_progress' as JobState, attemptTimeoutMs: 1_000, error: broken };
  const deps = {
    flights,
    clock: createFakeClock(),
    metrics: createWorkerMetrics(),
    random: () => 0.5,
    records: { readSummary: async (id: string) => (id === 'leader' ? leader : undefined) },
  } as unknown as RunJobDeps;
  const join = (id: string, timeoutMs?: number) => joinFlight(planOf(id, timeoutMs), deps);
  expect((await join('leader')).outcome).toBeUndefined();
  for (const id of ['a', 'b']) expect((await join(id)).outcome).toMatchObject({ kind: 'wait' });
  const leave = () => flights.leave(flightFor(planOf('leader')), 'leader');
  return { join, leader, leave };
}

const failed = { kind: 'ended', ending: { state: 'failed', error: broken } };

test('a job that looks as its leader fails gets the failure, before the flight is over and after', async () => {
  const { join, leader, leave } = await followers();
  leader.state = 'failed';
  expect((await join('a')).outcome).toEqual(failed);
  await leave();
  // It ends the flight that it leads by now: others that wait get the same.
  expect((await join('b')).outcome).toEqual({ ...failed, flight: expect.anything() });
});

test('it leads where its leader was cancelled, has given up sooner than it would, or was none of its own', async () => {
  const { join, leader, leave } = await followers();
  Object.assign(leader, { state: 'failed', error: timedOut });
  await leave();
  expect((await join('a', 1_000)).outcome).toMatchObject({ ending: { error: timedOut } });

  const others = await followers();
  Object.assign(others.leader, { state: 'failed', error: timedOut });
  await others.leave();
  expect((await others.join('a', 2_000)).outcome).toBeUndefined();

  const newcomers = await followers();
  newcomers.leader.state = 'failed';
  await newcomers.leave();
  expect((await newcomers.join('came later')).outcome).toBeUndefined();

  const cancelled = await followers();
  cancelled.leader.state = 'cancelled';
  await cancelled.leave();
  expect((await cancelled.join('a')).outcome).toBeUndefined();
});
