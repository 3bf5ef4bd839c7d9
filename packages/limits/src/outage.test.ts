import { expect, test } from 'vitest';

import { minute, oneRequest, requests, testLane, type TestLane } from './testing/test-lane.ts';
import type { Permit } from './permit.ts';

/** How an upstream answers a call that leaves at `atMs`. */
type Answer = (atMs: number) => 'ok' | 'fault' | { retryAfterMs: number };

interface Call {
  leftAtMs: number;
  answer: ReturnType<Answer>;
}

const callMs = 200;
const target = 'model';

/** As the workers' `wait-for-permit.ts` and `judge-failure.ts` have them. */
const longestPauseMs = 2_000;
const afterFaultMs = 5_000;

/**
 * Workers on one lane, on a clock that jumps from event to event: jobs come at a steady rate, those that find no permit let
 * the lane rest, those whose call fails while the breaker is open wait and ask again, the others are tried again after a
 * second. All decisions are those of the scripts in Redis.
 */
class Workers {
  readonly calls: Call[] = [];
  submitted = 0;
  readonly #lane: TestLane;
  readonly #answer: Answer;
  readonly #everyMs: number;
  /** Times from which jobs are ready. */
  #waiting: number[] = [];
  #running: { endsAtMs: number; permit: Permit; answer: ReturnType<Answer> }[] = [];
  #restUntilMs = 0;
  #nextJobAtMs: number;

  constructor(lane: TestLane, jobsPerSecond: number, answer: Answer) {
    this.#lane = lane;
    this.#answer = answer;
    this.#everyMs = 1_000 / jobsPerSecond;
    this.#nextJobAtMs = lane.nowMs;
  }

  async runUntil(endMs: number): Promise<void> {
    const lane = this.#lane;
    while (lane.nowMs < endMs) {
      for (; this.#nextJobAtMs <= lane.nowMs; this.#nextJobAtMs += this.#everyMs) {
        this.#waiting.push(this.#nextJobAtMs);
        this.submitted += 1;
      }
      // Each moment follows from the one before.
      // oxlint-disable-next-line no-await-in-loop
      await this.#end();
      // oxlint-disable-next-line no-await-in-loop
      await this.#begin();
      lane.nowMs = Math.min(endMs, Math.max(lane.nowMs + 1, Math.ceil(this.#nextEventMs())));
    }
  }

  #nextEventMs(): number {
    const ready = Math.max(this.#restUntilMs, Math.min(...this.#waiting));
    return Math.min(this.#nextJobAtMs, ready, ...this.#running.map(({ endsAtMs }) => endsAtMs));
  }

  async #end(): Promise<void> {
    const { nowMs } = this.#lane;
    const ended = this.#running.filter(({ endsAtMs }) => endsAtMs <= nowMs);
    this.#running = this.#running.filter(({ endsAtMs }) => endsAtMs > nowMs);
    for (const { permit, answer } of ended) {
      const outcome = typeof answer === 'string' ? answer : '';
      // oxlint-disable-next-line no-await-in-loop
      const state = await this.#lane.settle(permit, oneRequest, outcome);
      if (typeof answer === 'object') {
        // oxlint-disable-next-line no-await-in-loop
        await this.#lane.penalize(answer.retryAfterMs);
        this.#waiting.push(nowMs);
      } else if (answer === 'fault') {
        const isOpen = state === 'opened' || state === 'open';
        this.#waiting.push(nowMs + (isOpen ? afterFaultMs * 0.75 : 1_000));
      }
    }
  }

  async #begin(): Promise<void> {
    const lane = this.#lane;
    while (lane.nowMs >= this.#restUntilMs) {
      const ready = this.#waiting.findIndex((atMs) => atMs <= lane.nowMs);
      if (ready === -1) return;
      // oxlint-disable-next-line no-await-in-loop
      const decision = await lane.acquire(oneRequest, { target });
      if (decision.kind === 'denied') {
        this.#restUntilMs = lane.nowMs + Math.min(decision.waitMs, longestPauseMs);
        return;
      }
      this.#waiting.splice(ready, 1);
      const answer = this.#answer(lane.nowMs);
      this.calls.push({ leftAtMs: lane.nowMs, answer });
      const endsAtMs = lane.nowMs + callMs;
      this.#running.push({ endsAtMs, permit: decision.permit, answer });
    }
  }

  /** Calls that left in a span and did not get their answer. */
  wasted(fromMs: number, toMs: number): number {
    return this.#within(fromMs, toMs).filter(({ answer }) => answer !== 'ok').length;
  }

  answered(fromMs: number, toMs: number): number {
    return this.#within(fromMs, toMs).filter(({ answer }) => answer === 'ok').length;
  }

  #within(fromMs: number, toMs: number): Call[] {
    return this.calls.filter(({ leftAtMs }) => leftAtMs >= fromMs && leftAtMs < toMs);
  }
}

const perSecond = 10;
const slots = 20;

async function setUp() {
  return await testLane({
    buckets: [requests(perSecond * 60, minute, 'smooth')],
    concurrency: slots,
  });
}

test('ten minutes of outage take no more than 1.1 calls a job, and ten seconds after it the lane runs at 95 %', async () => {
  const lane = await setUp();
  const downAtMs = lane.nowMs + 30_000;
  const healedAtMs = downAtMs + 10 * minute;
  const isDown = (atMs: number) => atMs >= downAtMs && atMs < healedAtMs;
  const workers = new Workers(lane, 8, (atMs) => (isDown(atMs) ? 'fault' : 'ok'));
  await workers.runUntil(downAtMs);
  const before = workers.submitted;
  await workers.runUntil(healedAtMs);
  const jobs = workers.submitted - before;
  // Each of these jobs takes one more call, the one that succeeds.
  expect((jobs + workers.wasted(downAtMs, healedAtMs)) / jobs).toBeLessThanOrEqual(1.1);
  await workers.runUntil(healedAtMs + 30_000);
  const from = healedAtMs + 10_000;
  expect(workers.answered(from, from + 20_000)).toBeGreaterThanOrEqual(0.95 * 20 * perSecond);
}, 30_000);

test('a 429 wastes no more calls than were in flight, and reopening makes no second storm', async () => {
  const lane = await setUp();
  const limitedAtMs = lane.nowMs + 10_000;
  const retryAfterMs = 10_000;
  // It refuses for longer than it says: the lane reopens twice in vain.
  const freeAtMs = limitedAtMs + 2.5 * retryAfterMs;
  const workers = new Workers(lane, 50, (atMs) =>
    atMs >= limitedAtMs && atMs < freeAtMs ? { retryAfterMs } : 'ok',
  );
  await workers.runUntil(limitedAtMs + retryAfterMs);
  const first = workers.wasted(limitedAtMs, lane.nowMs);
  expect(first).toBeGreaterThan(0);
  // No more leave than fit into the time that the first refusal takes.
  const inFlight = Math.min(slots, Math.ceil((callMs / 1_000) * perSecond) + 1);
  expect(first).toBeLessThanOrEqual(inFlight);
  await workers.runUntil(freeAtMs + minute);
  const reopenings = 3;
  expect(workers.wasted(limitedAtMs, lane.nowMs)).toBeLessThanOrEqual(inFlight * reopenings);
  // After the last one it goes on at its pace: nothing of what was missed is caught up at once.
  const seconds = Array.from({ length: 30 }, (_, i) => freeAtMs + retryAfterMs + i * 1_000);
  for (const from of seconds) {
    expect(workers.answered(from, from + 1_000)).toBeLessThanOrEqual(perSecond + 3);
  }
  const from = freeAtMs + retryAfterMs;
  expect(workers.answered(from, from + 30_000)).toBeGreaterThanOrEqual(0.95 * 30 * perSecond);
}, 30_000);
