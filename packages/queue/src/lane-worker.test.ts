import type { Bucket, Lane } from '@sluice/config';
import type { Priority, Ticket } from '@sluice/contracts';
import { createLogger, systemClock } from '@sluice/runtime';
import { testRedis, waitFor } from '@sluice/testing';
import { expect, onTestFinished, test } from 'vitest';

import {
  LaneWorker,
  stopReasons,
  type LaneWorkerOptions,
  type ProcessTicket,
} from './lane-worker.ts';
import { Lanes, type LanesOptions } from './lanes.ts';
import type { PlacedTicket } from './place-ticket.ts';

const log = createLogger({ name: 'test', level: 'silent' });
const lane = 'sim';

type Work = { slots: number } & Pick<LaneWorkerOptions, 'holdOf' | 'lock' | 'lanes'>;

async function setUp({
  concurrency,
  buckets = [],
}: Partial<Pick<Lane, 'concurrency' | 'buckets'>> = {}) {
  const { redis, root, keys } = await testRedis();
  const options: LanesOptions = {
    redis,
    root,
    shards: 1,
    lanes: [{ name: lane, buckets, concurrency }],
    shardOf: () => 0,
    clock: systemClock,
  };
  const lanes = new Lanes(options);
  onTestFinished(() => lanes.close());
  await lanes.enforceAll();
  const work = (
    process: ProcessTicket,
    { slots = 10, holdOf = async () => 'lost', ...more }: Partial<Work> = {},
  ) => {
    const worker = new LaneWorker({
      workerId: 'worker_test',
      holdOf,
      redis,
      root,
      shard: 0,
      lane,
      concurrency: slots,
      process,
      lanes,
      clock: systemClock,
      log,
      ...more,
    });
    worker.start();
    onTestFinished(() => worker.close(0));
    return worker;
  };
  return { redis, lanes, options, work, keys };
}

function place(jobId: string, priority: Priority = 'normal'): PlacedTicket {
  const ticket: Ticket = { jobId, tenantId: 'default', type: 'chat', model: 'm', attempt: 1 };
  return { ticket, lane, priority };
}

/** Resolves when the signal aborts, with its reason. */
function aborted(signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(signal.reason), { once: true });
  });
}

test('adding the same run of a job twice adds one ticket', async () => {
  const { lanes } = await setUp();
  await Promise.all([
    lanes.add(place('job_a')),
    lanes.add(place('job_a')),
    lanes.addMany([place('job_a')]),
  ]);
  expect((await lanes.counts())[0]).toMatchObject({ lane, waiting: 1 });
});

test('takes tickets by class, and inside a class in the order of arrival', async () => {
  const { lanes, work, keys } = await setUp();
  for (const id of ['n1', 'n2']) await lanes.add(place(`job_${id}`));
  await lanes.add(place('job_l1', 'low'));
  await lanes.add(place('job_h1', 'high'));
  const seen: string[] = [];
  work(
    async (ticket) => {
      seen.push(ticket.jobId);
      return { kind: 'done' };
    },
    { slots: 1 },
  );
  await waitFor(() => seen.length === 4);
  expect(seen).toEqual(['job_h1', 'job_n1', 'job_n2', 'job_l1']);
  // A finished ticket leaves nothing behind.
  await waitFor(async () => !(await keys()).some((key) => key.includes('job_')));
});

test('a paused lane rests for every worker, and the ticket comes back first', async () => {
  const { lanes, work } = await setUp();
  const starts: { jobId: string; atMs: number }[] = [];
  let pausedAtMs = 0;
  const process: ProcessTicket = async ({ jobId }) => {
    starts.push({ jobId, atMs: performance.now() });
    if (pausedAtMs > 0) return { kind: 'done' };
    pausedAtMs = performance.now();
    return { kind: 'pause_lane', waitMs: 400 };
  };
  work(process, { slots: 1 });
  work(process, { slots: 1 });
  await lanes.add(place('job_first'));
  await waitFor(() => pausedAtMs > 0);
  await lanes.addMany([place('job_second'), place('job_third')]);
  await waitFor(() => starts.length === 4);

  const afterPause = starts.slice(1);
  for (const { atMs } of afterPause) expect(atMs - pausedAtMs).toBeGreaterThan(380);
  expect(afterPause.map(({ jobId }) => jobId)).toContain('job_first');
});

test('tickets of a paced lane start little faster than there are permits, over all workers', async () => {
  const tenASecond: Bucket = { unit: 'requests', limit: 10, windowMs: 1_000, pacing: 'smooth' };
  const { lanes, work } = await setUp({ buckets: [tenASecond] });
  await lanes.addMany(Array.from({ length: 21 }, (_, i) => place(`job_${i}`)));
  const starts: number[] = [];
  const process: ProcessTicket = async () => {
    starts.push(performance.now());
    return { kind: 'done' };
  };
  work(process);
  work(process);
  await waitFor(() => starts.length === 21);
  // Two in each window of 100 ms; without that, all of them in a few.
  expect((starts[20] ?? 0) - (starts[0] ?? 0)).toBeGreaterThan(800);
  expect((await lanes.counts())[0]).toMatchObject({ pausedForMs: 0 });
});

test('a ticket alone in its lane runs again as soon as the pause is over', async () => {
  const { lanes, work } = await setUp();
  const starts: number[] = [];
  const worker = work(async () => {
    starts.push(performance.now());
    // Long enough for this worker to find the lane empty and to block on it.
    await systemClock.sleep(100);
    return starts.length === 1 ? { kind: 'pause_lane', waitMs: 100 } : { kind: 'done' };
  });
  await lanes.add(place('job_alone'));
  await waitFor(() => starts.length === 2);
  expect((starts[1] ?? 0) - (starts[0] ?? 0)).toBeLessThan(1_500);
  await waitFor(() => worker.runningCount === 0);
});

test('a pause that is over before its ticket is back in the lane leaves it for no time', async () => {
  const { lanes, work } = await setUp();
  const starts = new Map<string, number[]>();
  const worker = work(async ({ jobId }) => {
    const seen = [...(starts.get(jobId) ?? []), performance.now()];
    starts.set(jobId, seen);
    // Long enough for this worker to find the lane empty and to block on it.
    await systemClock.sleep(30);
    return seen.length === 1 ? { kind: 'pause_lane', waitMs: 1 } : { kind: 'done' };
  });
  for (let i = 0; i < 8; i += 1) {
    await lanes.add(place(`job_brief${i}`));
    await waitFor(() => starts.get(`job_brief${i}`)?.length === 2, { timeoutMs: 10_000 });
    await waitFor(() => worker.runningCount === 0);
  }
  const waits = [...starts.values()].map(([first = 0, second = 0]) => second - first);
  expect(Math.max(...waits)).toBeLessThan(1_500);
});

test('a ticket given back wakes a worker that waits', async () => {
  const { lanes, work } = await setUp();
  const leaving = work(async (_ticket, signal) => {
    await aborted(signal);
    return { kind: 'give_back' };
  });
  await lanes.add(place('job_long'));
  await waitFor(() => leaving.runningCount === 1);
  const seen: number[] = [];
  work(async () => {
    seen.push(performance.now());
    return { kind: 'done' };
  });
  // The second worker blocks on the empty lane by now.
  await systemClock.sleep(300);
  const startedAtMs = performance.now();
  await leaving.close(0);
  await waitFor(() => seen.length === 1);
  expect((seen[0] ?? 0) - startedAtMs).toBeLessThan(1_500);
});

test('a delayed ticket waits alone', async () => {
  const { lanes, work } = await setUp();
  const seen: string[] = [];
  work(
    async ({ jobId }) => {
      seen.push(jobId);
      const first = seen.filter((id) => id === 'job_slow').length === 1;
      return jobId === 'job_slow' && first ? { kind: 'delay', delayMs: 200 } : { kind: 'done' };
    },
    { slots: 1 },
  );
  await lanes.add(place('job_slow'));
  await lanes.add(place('job_next'));
  await waitFor(() => seen.length === 3);
  expect(seen).toEqual(['job_slow', 'job_next', 'job_slow']);
});

test('never runs more tickets than the lane allows over all workers', async () => {
  const { lanes, work } = await setUp({ concurrency: 3 });
  let running = 0;
  let most = 0;
  let done = 0;
  const process: ProcessTicket = async () => {
    running += 1;
    most = Math.max(most, running);
    await systemClock.sleep(20);
    running -= 1;
    done += 1;
    return { kind: 'done' };
  };
  work(process);
  work(process);
  await lanes.addMany(Array.from({ length: 30 }, (_, i) => place(`job_${i}x`)));
  await waitFor(() => done === 30);
  expect(most).toBe(3);
});

test('cancels the run of one job and leaves the others alone', async () => {
  const { lanes, work } = await setUp();
  const reasons = new Map<string, unknown>();
  const worker = work(async ({ jobId }, signal) => {
    if (jobId !== 'job_a') return { kind: 'done' };
    reasons.set(jobId, await aborted(signal));
    return { kind: 'done' };
  });
  await lanes.addMany([place('job_a'), place('job_ab')]);
  await waitFor(() => worker.runningCount === 1);
  worker.cancel('job_a');
  await waitFor(() => reasons.size === 1);
  expect(reasons.get('job_a')).toBe(stopReasons.cancelled);
});

test('whoever may have missed a cancel looks at each run: ended, lost or still held', async () => {
  const { lanes, work } = await setUp();
  const reasons = new Map<string, unknown>();
  const holds = new Map([
    ['job_ended', 'ended'],
    ['job_lost', 'lost'],
    ['job_held', 'held'],
  ] as const);
  const worker = work(
    async ({ jobId }, signal) => {
      reasons.set(jobId, await aborted(signal));
      return { kind: 'done' };
    },
    { holdOf: async ({ jobId }) => holds.get(jobId as 'job_held') ?? 'lost' },
  );
  await lanes.addMany([...holds.keys()].map((jobId) => place(jobId)));
  await waitFor(() => worker.runningCount === 3);
  await worker.checkHolds();
  await waitFor(() => worker.runningCount === 1);
  expect(Object.fromEntries(reasons)).toEqual({
    job_ended: stopReasons.cancelled,
    job_lost: stopReasons.lockLost,
  });
});

/** Its caller goes on only when `awaited` has come: whoever is woken may be faster. */
class LanesThatWakeSlowly extends Lanes {
  readonly awaited = Promise.withResolvers<undefined>();

  override async wake(...given: Parameters<Lanes['wake']>): Promise<void> {
    await super.wake(...given);
    await this.awaited.promise;
  }
}

/** A ticket that another slot of the same worker has taken before the run that gave it back was over, which now is. */
async function takenAgain(more: Partial<Work> = {}) {
  const { redis, keys, options, work } = await setUp();
  const lanes = new LanesThatWakeSlowly(options);
  onTestFinished(() => lanes.close());
  const seen: string[] = [];
  const stopped: unknown[] = [];
  const process: ProcessTicket = async ({ jobId }, signal) => {
    seen.push(jobId);
    if (jobId === 'job_other') return { kind: 'done' };
    if (seen.length === 1) return { kind: 'give_back' };
    lanes.awaited.resolve(undefined);
    stopped.push(await aborted(signal));
    return { kind: 'done' };
  };
  const worker = work(process, { slots: 2, lanes, ...more });
  await lanes.add(place('job_again'));
  await waitFor(() => seen.length === 2);
  await lanes.add(place('job_other'));
  // In the slot of the first run.
  await waitFor(() => seen.length === 3);
  await waitFor(() => worker.runningCount <= 1);
  return { redis, keys, worker, seen, stopped };
}

test('a run whose ticket the run before it had just given back is cancelled as any other', async () => {
  const { worker, stopped } = await takenAgain();
  expect(worker.runningCount).toBe(1);
  worker.cancel('job_again');
  await waitFor(() => stopped.length === 1);
  expect(stopped).toEqual([stopReasons.cancelled]);
});

test('a run whose ticket the run before it had just given back is drained as any other', async () => {
  const { worker, stopped } = await takenAgain();
  await worker.close(0);
  expect(stopped).toEqual([stopReasons.drained]);
});

test('a run whose ticket the run before it had just given back keeps its lock', async () => {
  const lock = { durationMs: 1_000, checkMs: 60_000 };
  const { redis, keys, worker } = await takenAgain({ lock });
  const name = (await keys()).find((key) => key.endsWith(':lock')) ?? '';
  let leastMs = lock.durationMs;
  await waitFor(async () => {
    const leftMs = await redis.pttl(name);
    expect(leftMs).toBeGreaterThan(0);
    leastMs = Math.min(leastMs, leftMs);
    return leftMs > leastMs;
  });
  worker.cancel('job_again');
});

test('a run that has lost its ticket is cancelled as any other, also after its worker has looked at that again', async () => {
  const { redis, lanes, work, keys } = await setUp();
  const reasons: unknown[] = [];
  let runs = 0;
  const process: ProcessTicket = async (_ticket, signal) => {
    runs += 1;
    if (runs > 1) return { kind: 'delay', delayMs: 60_000 };
    reasons.push(await aborted(signal));
    return { kind: 'done' };
  };
  const worker = work(process, { lock: { durationMs: 60_000, checkMs: 100 } });
  await lanes.add(place('job_long'));
  await waitFor(() => runs === 1);
  // As when Redis was away for longer than a lock lives.
  await redis.del((await keys()).filter((key) => key.endsWith(':lock')));
  await waitFor(async () => (await lanes.counts())[0]?.delayed === 1);
  await waitFor(() => worker.runningCount <= 1);
  worker.cancel('job_long');
  await waitFor(() => reasons.length === 1);
  expect(reasons).toEqual([stopReasons.cancelled]);
});

test('drains: what does not end within the grace goes to another worker unburned', async () => {
  const { lanes, work } = await setUp();
  const first = work(async (_ticket, signal) => {
    expect(await aborted(signal)).toBe(stopReasons.drained);
    return { kind: 'give_back' };
  });
  await lanes.add(place('job_long'));
  await waitFor(() => first.runningCount === 1);
  const startedAtMs = performance.now();
  await first.close(100);
  expect(performance.now() - startedAtMs).toBeLessThan(2_000);

  const seen: string[] = [];
  work(async ({ jobId }) => {
    seen.push(jobId);
    return { kind: 'done' };
  });
  await waitFor(() => seen.length === 1);
  expect(seen).toEqual(['job_long']);
});

test('a failed ticket stays visible, and its state tells what to do', async () => {
  const { lanes, work } = await setUp();
  work(async () => ({ kind: 'failed', reason: 'upstream_auth: no' }));
  await lanes.add(place('job_bad'));
  await waitFor(
    async () => (await lanes.ticketState(lane, { jobId: 'job_bad', attempt: 1 })) === 'failed',
  );
  expect(await lanes.ticketState(lane, { jobId: 'job_none', attempt: 1 })).toBe('missing');
});
