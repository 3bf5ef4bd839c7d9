import { runPart } from '@sluice/runtime';
import { createFakeClock, testRedis } from '@sluice/testing';
import { describe, expect, it, onTestFinished } from 'vitest';

import { advanceLane } from './fixtures.ts';
import { foreseeStart } from './foresee-start.ts';
import { Lanes } from './lanes.ts';

const lane = 'sim';

/** A lane whose worker is played by the test, so that time is only what the test says it is. */
async function setUp() {
  const { redis, root } = await testRedis();
  const clock = createFakeClock();
  const lanes = new Lanes({
    redis,
    root,
    shards: 1,
    lanes: [{ name: lane, buckets: [], concurrency: undefined }],
    shardOf: () => 0,
    clock,
  });
  onTestFinished(() => lanes.close());
  const queue = lanes.queue(lane, 0);
  const ranks = new Map<string, string>();
  const place = async (jobId: string, tenantId: string) => {
    const ticket = { jobId, tenantId, type: 'chat', model: 'm', attempt: 1 } as const;
    const placement = lanes.placement({ ticket, lane, priority: 'normal' });
    ranks.set(jobId, String(await runPart(redis, placement)));
  };
  /** What BullMQ and begin-job.lua do when a worker takes the next ticket. */
  const startNext = async () => {
    const [jobId] = await redis.zpopmin(queue.toKey('prioritized'));
    if (jobId === undefined) return undefined;
    await redis.lpush(queue.toKey('active'), jobId);
    await advanceLane(redis, lanes, { lane, jobId, rank: ranks.get(jobId) });
    return jobId;
  };
  const end = (jobId: string) => redis.lrem(queue.toKey('active'), 1, jobId);
  return { lanes, clock, queue, redis, place, startNext, end };
}

type Played = Awaited<ReturnType<typeof setUp>>;

/** Uniform, 0 to 1, the same each time. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state / 2 ** 31;
  };
}

interface Asked {
  jobId: string;
  atMs: number;
  estimatedMs: number | undefined;
}

/** Runs the lane empty with `slots` slots; every tenth start asks about a few waiting tickets. */
async function play(played: Played, ids: string[], slots: number, serviceMs: () => number) {
  const { clock, startNext, end } = played;
  const running: { jobId: string; endsAtMs: number }[] = [];
  const startedAtMs = new Map<string, number>();
  const asked: Asked[] = [];
  for (;;) {
    while (running.length < slots) {
      const jobId = await startNext();
      if (jobId === undefined) break;
      startedAtMs.set(jobId, clock.now());
      running.push({ jobId, endsAtMs: clock.now() + serviceMs() });
      if (startedAtMs.size % 10 === 0) asked.push(...(await askAbout(ids, played)));
    }
    running.sort((a, b) => b.endsAtMs - a.endsAtMs);
    const next = running.pop();
    if (!next) return { startedAtMs, asked };
    await clock.advance(next.endsAtMs - clock.now());
    await end(next.jobId);
  }
}

async function askAbout(ids: string[], { clock, lanes }: Played): Promise<Asked[]> {
  const asked: Asked[] = [];
  for (const jobId of ids.filter((_, i) => i % 23 === 0)) {
    const found = await lanes.placeOf(lane, { jobId, attempt: 1 });
    if (found) asked.push({ jobId, atMs: clock.now(), estimatedMs: found.startAtMs });
  }
  return asked;
}

function medianError({ startedAtMs, asked }: Awaited<ReturnType<typeof play>>): number {
  const errors = asked.flatMap(({ jobId, atMs, estimatedMs }) => {
    if (estimatedMs === undefined) return [];
    const actualMs = startedAtMs.get(jobId) ?? 0;
    return actualMs > atMs ? [Math.abs(estimatedMs - actualMs) / (actualMs - atMs)] : [];
  });
  expect(errors.length).toBeGreaterThan(100);
  return errors.sort((a, b) => a - b)[Math.floor(errors.length / 2)] ?? 1;
}

describe('the estimated start', () => {
  it.each([
    { slots: 1, serviceMs: (random: number) => 500 + 1_000 * random },
    { slots: 8, serviceMs: (random: number) => 2_000 + 6_000 * random },
    { slots: 4, serviceMs: (random: number) => -3_000 * Math.log(1 - random) },
  ])('is right within 20 % in the median, $slots tickets at a time', async (row) => {
    const played = await setUp();
    const random = seeded(7);
    const ids = Array.from({ length: 300 }, (_, i) => `job_${String(i).padStart(4, '0')}x`);
    for (const [i, id] of ids.entries()) await played.place(id, `tenant-${i % 10}`);
    const result = await play(played, ids, row.slots, () => Math.ceil(row.serviceMs(random())));
    expect(medianError(result)).toBeLessThanOrEqual(0.2);
  });

  it('does not count the time in which nobody waited or the lane stood still', async () => {
    const played = await setUp();
    const { clock, place, startNext, end, lanes } = played;
    let made = 0;
    const backlog = async (size: number) => {
      for (let i = 0; i < size; i += 1)
        await place(`job_${String((made += 1)).padStart(4, '0')}x`, 'a');
    };
    const work = async (tickets: number) => {
      for (let i = 0; i < tickets; i += 1) {
        const jobId = await startNext();
        await clock.advance(1_000);
        await end(jobId ?? '');
      }
    };
    await backlog(12);
    await work(12);
    await clock.advance(3_600_000);
    await backlog(30);
    await work(2);
    await clock.advance(3_600_000);
    expect(await lanes.placeOf(lane, { jobId: 'job_0042x', attempt: 1 })).toEqual({ position: 28 });
    await work(2);
    const startAtMs = clock.now() - 1_000 + 26 * 1_000;
    expect(await lanes.placeOf(lane, { jobId: 'job_0042x', attempt: 1 })).toEqual({
      position: 26,
      startAtMs,
    });
  });

  it('is not before the lane opens again, and absent for a ticket that is not in line', async () => {
    const { place, lanes, startNext, end, clock } = await setUp();
    for (let i = 0; i < 10; i += 1) await place(`job_${i}x`, 'a');
    expect(await lanes.placeOf(lane, { jobId: 'job_1x', attempt: 1 })).toEqual({ position: 2 });
    for (let i = 0; i < 8; i += 1) {
      await end((await startNext()) ?? '');
      await clock.advance(10);
    }
    await lanes.pause(lane, 50_000, clock.now());
    const place9 = await lanes.placeOf(lane, { jobId: 'job_9x', attempt: 1 });
    expect(place9?.position).toBe(2);
    expect(place9!.startAtMs! - clock.now()).toBeGreaterThan(40_000);
    expect(await lanes.placeOf(lane, { jobId: 'job_0x', attempt: 1 })).toBeUndefined();
  });
});

describe('foreseeStart', () => {
  const starts = { lastStartMs: 1_000, intervalMs: 100, starts: 64, backlog: true };
  it.each([
    { position: 3, known: {}, lane: { nowMs: 1_050, closedForMs: 0 }, at: 1_300 },
    { position: 1, known: {}, lane: { nowMs: 1_500, closedForMs: 0 }, at: 1_500 },
    { position: 1, known: {}, lane: { nowMs: 1_050, closedForMs: 900 }, at: 1_950 },
    { position: 1, known: { starts: 4 }, lane: { nowMs: 1_050, closedForMs: 0 }, at: undefined },
    { position: 1, known: {}, lane: { nowMs: 92_001, closedForMs: 0 }, at: undefined },
    { position: 1, known: { backlog: false }, lane: { nowMs: 92_001, closedForMs: 0 }, at: 92_001 },
  ])('says $at', ({ position, known, lane: at, at: expected }) => {
    expect(foreseeStart(position, { ...starts, ...known }, at)).toBe(expected);
  });
});
