import type { Lane } from '@sluice/config';
import { systemRandom } from '@sluice/runtime';

import { acquirePermits } from './acquire-permits.ts';
import { askTogether } from './ask-together.ts';
import { correctLane, type Remaining } from './correct-lane.ts';
import type { LaneInForce } from './lane-book.ts';
import type { LaneStatus } from './lane-status.ts';
import type { LimitsDeps } from './limits-deps.ts';
import { createMargins, type Margins } from './margins.ts';
import { penalizeLane } from './penalize-lane.ts';
import type { Asker, CallOutcome, Permit, PermitAmounts, PermitDecision } from './permit.ts';
import { readStatus } from './read-status.ts';
import { rechargePermit } from './recharge-permit.ts';
import { renewPermit } from './renew-permit.ts';
import { settlePermit, type BreakerState } from './settle-permit.ts';

/**
 * The limits that all workers keep together.
 *
 * The life of a permit:
 *
 * | from     | to      | by                                                      | buckets           | slot   |
 * |----------|---------|---------------------------------------------------------|-------------------|--------|
 * | -        | granted | acquire                                                 | charged           | leased |
 * | granted  | granted | renew, every few seconds                                | stay              | leased |
 * | granted  | granted | recharge: the call left later than it should have       | moved to now      | leased |
 * | granted  | settled | settle, after the call or instead of it                 | corrected         | free   |
 * | granted  | lost    | no renew for 15 s: the worker is dead                   | stay as charged   | free   |
 * | lost     | settled | settle by a worker that was only slow, within the hour  | corrected         | free   |
 */
export interface Limits {
  /**
   * Asks for one upstream call: every bucket of the lane, and of the tenant in it, is charged, or none. One round trip,
   * shared with others that ask at the same time.
   * Denied is an answer, not an error; rejects only when Redis does. Amounts are rounded up to whole numbers.
   */
  acquire(lane: LaneInForce, amounts: PermitAmounts, asker?: Asker): Promise<PermitDecision>;
  /**
   * Replaces the charge by what the call used, up or down, and frees the slot; `requests: 0` for a call that was never
   * sent. Going up may exceed the limit: later calls wait for it. A second settle changes nothing, nor does one of an
   * unknown permit. `outcome` is what the call says of its target: enough faults open the target's breaker for everyone.
   */
  settle(
    permit: Permit,
    used: PermitAmounts,
    outcome?: CallOutcome,
  ): Promise<BreakerState | undefined>;
  /** The call did not leave by the permit's `sendByMs` and was not sent: nothing is charged, and the next may take longer. */
  putBack(lane: Lane, permit: Permit): Promise<void>;
  /**
   * The call has left later than the permit's `sendByMs`: what it was charged counts from now, so that no window that it may
   * have arrived in forgets it. One round trip, which only late calls make.
   */
  recharge(permit: Permit): Promise<void>;
  /** Extends the lease by 15 s. `false`: the lease is lost and another call may have the slot. */
  renew(permit: Permit): Promise<boolean>;
  /**
   * Closes the lane for every worker for `pauseMs`, or longer if it was closed for longer already. It reopens at the
   * pace of its limits. `reason` is for people.
   */
  penalize(lane: Lane, pauseMs: number, reason: string): Promise<void>;
  /** Brings buckets of the lane down to what the upstream says is left; never up. Returns the units taken out of each. */
  correct(lane: Lane, remaining: readonly Remaining[]): Promise<number[]>;
  status(lane: Lane): Promise<LaneStatus>;
}

/**
 * How many calls one question to Redis asks for; with about 10 µs each it holds Redis up for 0.2 ms. A question each, 64 at once
 * on a busy machine, were answered later than the 20 ms margin of a limit per second, and 7,279 of 10,000 permits were denied
 * for it; with 8 at once it was 10.
 */
const mostTogether = 16;

/** How often a lane is asked before it waits: the margin grows each time, so the second answer is mostly in time. */
const mostAsked = 4;

/** @throws Whatever ioredis throws, from every method. */
export function createLimits(deps: LimitsDeps): Limits {
  const margins = createMargins();
  const askDeps = { ...deps, margins, ask: createAsk(deps, margins) };
  return {
    acquire: (lane, amounts, asker = {}) => acquireInTime(askDeps, { lane, amounts, asker }),
    settle: (permit, used, outcome = '') => settlePermit(deps, permit, used, { outcome }),
    putBack: (lane, permit) => putBack(askDeps, lane, permit),
    recharge: (permit) => rechargePermit(deps, permit),
    renew: (permit) => renewPermit(deps, permit),
    penalize: (lane, pauseMs, reason) => penalizeLane(deps, lane, { pauseMs, reason }),
    correct: (lane, remaining) => correctLane(deps, lane, remaining),
    status: (lane) => readStatus(deps, lane),
  };
}

/** How long tickets of a paused lane rest before they look again. */
const pausedMs = 1_000;

function pausedLane({ paused }: LaneInForce, { clock }: LimitsDeps): PermitDecision | undefined {
  if (!paused) return undefined;
  return {
    kind: 'denied',
    waitMs: pausedMs,
    scope: 'lane',
    limit: 'paused by an operator',
    resetsAtMs: clock.now() + pausedMs,
    reason: paused.reason,
  };
}

interface Call {
  lane: LaneInForce;
  amounts: PermitAmounts;
  asker: Asker;
}

type Ask = (call: Call) => Promise<PermitDecision>;
type AskDeps = LimitsDeps & { margins: Margins; ask: Ask };

/** Calls are asked for together that are counted in the same buckets and meet the same breaker. */
function createAsk(deps: LimitsDeps, margins: Margins): Ask {
  const tenantOf = ({ lane, asker }: Call) => (lane.perTenant ? (asker.tenant ?? '') : '');
  return askTogether<Call, PermitDecision>({
    most: mostTogether,
    kindOf: (call) => [call.lane.name, tenantOf(call), call.asker.target].join('\n'),
    ask: async (calls) => {
      const [first] = calls;
      if (!first) return [];
      const { lane, asker } = first;
      const options = { ...asker, tenant: tenantOf(first), margins };
      return await acquirePermits(
        deps,
        lane,
        calls.map(({ amounts }) => amounts),
        options,
      );
    },
  });
}

/**
 * A permit counts from the moment Redis gave it. One that came later than its margin is put back and asked for again with a
 * wider one. If that does not help, Redis is too slow to keep any limit by, and the lane waits.
 */
async function acquireInTime(deps: AskDeps, call: Call): Promise<PermitDecision> {
  const { clock, margins, ask } = deps;
  const { lane } = call;
  const paused = pausedLane(lane, deps);
  if (paused) return paused;
  for (let asked = 0; asked < mostAsked; asked += 1) {
    const decision = await ask(call);
    if (decision.kind === 'denied') return decision;
    if (clock.now() <= decision.permit.sendByMs) {
      margins.narrow(lane);
      return decision;
    }
    await putBack(deps, lane, decision.permit);
  }
  const waitMs = Math.ceil(margins.shortestOf(lane) * (1 + (deps.random ?? systemRandom)()));
  return {
    kind: 'denied',
    waitMs,
    scope: 'lane',
    limit: 'late answer from Redis',
    resetsAtMs: clock.now() + waitMs,
  };
}

async function putBack(deps: AskDeps, lane: Lane, permit: Permit): Promise<void> {
  deps.margins.widen(lane, deps.clock.now() - permit.askedAtMs);
  await settlePermit(deps, permit, {});
}
