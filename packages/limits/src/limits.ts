import type { Lane } from '@sluice/config';
import { systemRandom } from '@sluice/runtime';

import { acquirePermit } from './acquire-permit.ts';
import { marginMsOf } from './bucket-window.ts';
import type { LaneStatus } from './lane-status.ts';
import type { LimitsDeps } from './limits-deps.ts';
import { penalizeLane } from './penalize-lane.ts';
import type { Permit, PermitAmounts, PermitDecision } from './permit.ts';
import { readStatus } from './read-status.ts';
import { renewPermit } from './renew-permit.ts';
import { settlePermit } from './settle-permit.ts';
import { takeTurns } from './take-turns.ts';

/**
 * The limits that all workers keep together.
 *
 * The life of a permit:
 *
 * | from     | to      | by                                                      | buckets           | slot   |
 * |----------|---------|---------------------------------------------------------|-------------------|--------|
 * | -        | granted | acquire                                                 | charged           | leased |
 * | granted  | granted | renew, every few seconds                                | stay              | leased |
 * | granted  | settled | settle, after the call or instead of it                 | corrected         | free   |
 * | granted  | lost    | no renew for 15 s: the worker is dead                   | stay as charged   | free   |
 * | lost     | settled | settle by a worker that was only slow, within the hour  | corrected         | free   |
 */
export interface Limits {
  /**
   * Asks for one upstream call: every bucket of the lane is charged, or none. One round trip. Denied is an answer, not
   * an error; rejects only when Redis does. Amounts are rounded up to whole numbers.
   */
  acquire(lane: Lane, amounts: PermitAmounts): Promise<PermitDecision>;
  /**
   * Replaces the charge by what the call used, up or down, and frees the slot; `requests: 0` for a call that was never
   * sent. Going up may exceed the limit: later calls wait for it. A second settle changes nothing, nor does one of an
   * unknown permit.
   */
  settle(permit: Permit, used: PermitAmounts): Promise<void>;
  /** Extends the lease by 15 s. `false`: the lease is lost and another call may have the slot. */
  renew(permit: Permit): Promise<boolean>;
  /**
   * Closes the lane for every worker for `pauseMs`, or longer if it was closed for longer already. It reopens at the
   * pace of its limits. `reason` is for people.
   */
  penalize(lane: Lane, pauseMs: number, reason: string): Promise<void>;
  status(lane: Lane): Promise<LaneStatus>;
}

/**
 * How many may ask Redis at once; the others wait here. Redis takes one at a time anyway, and answers what came
 * together at the end: 64 at once on a busy machine, 0.4 ms each, were answered later than the 20 ms margin of a limit
 * per second, and 7,279 of 10,000 permits were denied for it. With 8 at once it was 10.
 */
const mostAsking = 8;

/** @throws Whatever ioredis throws, from every method. */
export function createLimits(deps: LimitsDeps): Limits {
  const inTurn = takeTurns(mostAsking);
  return {
    acquire: async (lane, amounts) => await inTurn(() => acquireInTime(deps, lane, amounts)),
    settle: async (permit, used) => await settlePermit(deps, permit, used),
    renew: async (permit) => await renewPermit(deps, permit),
    penalize: async (lane, pauseMs, reason) => await penalizeLane(deps, lane, { pauseMs, reason }),
    status: async (lane) => await readStatus(deps, lane),
  };
}

/**
 * A permit counts from the moment Redis gave it. One that took longer to arrive than the window's margin could let a
 * call fall into a later window than the one it was charged to, so it is put back and asked for again, once: the next
 * answer mostly comes in time (after a reconnect, or a pause of our own). If not, Redis is slow and the lane waits.
 */
async function acquireInTime(
  deps: LimitsDeps,
  lane: Lane,
  amounts: PermitAmounts,
): Promise<PermitDecision> {
  const marginMs = Math.min(...lane.buckets.map(({ windowMs }) => marginMsOf(windowMs)));
  for (let asked = 0; asked < 2; asked += 1) {
    const sentMs = deps.clock.now();
    const decision = await acquirePermit(deps, lane, amounts);
    if (decision.kind === 'denied' || deps.clock.now() - sentMs < marginMs) return decision;
    await settlePermit(deps, decision.permit, { requests: 0, tokens: 0 });
  }
  const waitMs = Math.ceil(marginMs * (1 + (deps.random ?? systemRandom)()));
  const resetsAtMs = deps.clock.now() + waitMs;
  return { kind: 'denied', waitMs, limit: 'late answer from Redis', resetsAtMs };
}
