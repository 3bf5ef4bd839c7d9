import type { Bucket, Lane } from '@sluice/config';
import { systemClock } from '@sluice/runtime';
import { testRedis } from '@sluice/testing';

import { acquirePermit } from '../acquire-permits.ts';
import { correctLane, type Remaining } from '../correct-lane.ts';
import type { LimitsDeps } from '../limits-deps.ts';
import { penalizeLane } from '../penalize-lane.ts';
import type { Asker, CallOutcome, Permit, PermitAmounts } from '../permit.ts';
import { readStatus } from '../read-status.ts';
import { renewPermit } from '../renew-permit.ts';
import { settlePermit } from '../settle-permit.ts';

export const oneRequest = { requests: 1, tokens: 0 };
export const minute = 60_000;

export function requests(
  limit: number,
  windowMs: number,
  pacing: Bucket['pacing'] = 'burst',
): Bucket {
  return { unit: 'requests', limit, windowMs, pacing };
}

export function tokens(
  limit: number,
  windowMs: number,
  pacing: Bucket['pacing'] = 'burst',
): Bucket {
  return { unit: 'tokens', limit, windowMs, pacing };
}

type Shape = Partial<Pick<Lane, 'buckets' | 'concurrency' | 'perTenant'>>;

/** A lane whose Redis believes that it is `nowMs`. */
export class TestLane {
  nowMs = 1_800_000_000_000;
  buckets: Bucket[];
  readonly concurrency: number | undefined;
  readonly perTenant: Lane['perTenant'];
  readonly deps: LimitsDeps;

  constructor(deps: LimitsDeps, shape: Shape) {
    this.deps = deps;
    this.buckets = shape.buckets ?? [];
    this.concurrency = shape.concurrency;
    this.perTenant = shape.perTenant;
  }

  get lane(): Lane {
    const { buckets, concurrency, perTenant } = this;
    return { name: 'lane', buckets, concurrency, ...(perTenant && { perTenant }) };
  }

  async acquire(amounts: PermitAmounts = oneRequest, asker: Asker = {}) {
    return await acquirePermit(this.deps, this.lane, amounts, { ...asker, nowMs: this.nowMs });
  }

  /** The permit of an acquire that must be granted. */
  async permit(amounts: PermitAmounts = oneRequest, asker: Asker = {}): Promise<Permit> {
    const decision = await this.acquire(amounts, asker);
    if (decision.kind === 'denied') throw new Error(`denied by ${decision.limit}`);
    return decision.permit;
  }

  async settle(permit: Permit, used: PermitAmounts, outcome: CallOutcome = '') {
    return await settlePermit(this.deps, permit, used, { outcome, nowMs: this.nowMs });
  }

  async correct(remaining: readonly Remaining[]) {
    return await correctLane(this.deps, this.lane, remaining, this.nowMs);
  }

  async renew(permit: Permit) {
    return await renewPermit(this.deps, permit, this.nowMs);
  }

  async penalize(pauseMs: number, reason = 'retry-after') {
    await penalizeLane(this.deps, this.lane, { pauseMs, reason }, this.nowMs);
  }

  async status() {
    return await readStatus(this.deps, this.lane, this.nowMs);
  }

  async used() {
    return (await this.status()).buckets.map(({ used }) => used);
  }

  /** How many permits a caller gets who asks every millisecond for `spanMs`. */
  async grantsWithin(spanMs: number) {
    const endMs = this.nowMs + spanMs;
    let granted = 0;
    while (this.nowMs < endMs) {
      const decision = await this.acquire();
      if (decision.kind === 'granted') granted += 1;
      else this.nowMs += Math.min(decision.waitMs, endMs - this.nowMs);
    }
    return granted;
  }
}

export async function testLane(shape: Shape): Promise<TestLane> {
  const { redis, root } = await testRedis({ ownedKeys: [] });
  return new TestLane({ redis, root, clock: systemClock }, shape);
}
