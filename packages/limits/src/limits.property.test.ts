import type { Bucket, Lane } from '@sluice/config';
import { systemClock } from '@sluice/runtime';
import { testRedis } from '@sluice/testing';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { acquirePermits } from './acquire-permits.ts';
import { windowOf } from './bucket-window.ts';
import type { LimitsDeps } from './limits-deps.ts';
import { LimitsModel, type Charge, type ModelDecision } from './limits.model.ts';
import { penalizeLane } from './penalize-lane.ts';
import type { Permit, PermitAmounts, PermitDecision } from './permit.ts';
import { readStatus } from './read-status.ts';
import { renewPermit } from './renew-permit.ts';
import { settlePermit } from './settle-permit.ts';

const startMs = 1_800_000_000_123;

const bucket: fc.Arbitrary<Bucket> = fc.record({
  unit: fc.constantFrom('requests', 'tokens', 'inputTokens'),
  limit: fc.integer({ min: 1, max: 60 }),
  windowMs: fc.oneof(fc.integer({ min: 20, max: 3_000 }), fc.constantFrom(1_000, 60_000)),
  pacing: fc.constantFrom('smooth', 'burst'),
});

const scope = fc.record({
  buckets: fc.uniqueArray(bucket, {
    minLength: 0,
    maxLength: 4,
    selector: ({ unit, windowMs }) => `${unit}:${windowMs}`,
  }),
  concurrency: fc.oneof(
    { weight: 2, arbitrary: fc.constant(undefined) },
    fc.integer({ min: 1, max: 8 }),
  ),
});

const lane: fc.Arbitrary<Omit<Lane, 'name'>> = fc.oneof(
  scope,
  fc.tuple(scope, scope).map(([ofLane, perTenant]) => ({ ...ofLane, perTenant })),
);

const tenants = fc.constantFrom('a', 'b');

const amounts: fc.Arbitrary<PermitAmounts> = fc.record({
  requests: fc.constantFrom(1, 1, 1, 0, 3),
  tokens: fc.oneof(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: 100 })),
  inputTokens: fc.integer({ min: 0, max: 30 }),
});

/** What happens `afterMs` later. `pick` chooses one of the permits so far. */
type Step = { afterMs: number } & (
  | { act: 'acquire'; calls: PermitAmounts[]; tenant: string }
  | { act: 'settle'; pick: number; used: PermitAmounts }
  | { act: 'renew'; pick: number }
  | { act: 'penalize'; pauseMs: number }
);

const afterMs = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 40 }) },
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 1_500 }) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 70_000 }) },
);

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      act: fc.constant('acquire' as const),
      afterMs,
      calls: fc.oneof(
        { weight: 2, arbitrary: fc.tuple(amounts) },
        fc.array(amounts, { minLength: 2, maxLength: 6 }),
      ),
      tenant: tenants,
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      act: fc.constant('settle' as const),
      afterMs,
      pick: fc.nat(),
      used: amounts,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ act: fc.constant('renew' as const), afterMs, pick: fc.nat() }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      act: fc.constant('penalize' as const),
      afterMs,
      pauseMs: fc.integer({ min: 1, max: 5_000 }),
    }),
  },
);

/** A lane in Redis and the same lane in the model; `acquire` and `run` say what each of them did. */
class Twins {
  nowMs = startMs;
  readonly model: LimitsModel;
  readonly #deps: LimitsDeps;
  readonly #lane: Lane;
  readonly #permits: { permit: Permit; id: number }[] = [];

  constructor(deps: LimitsDeps, twinLane: Lane) {
    this.#deps = deps;
    this.#lane = twinLane;
    this.model = new LimitsModel(twinLane);
  }

  get granted(): number {
    return this.#permits.length;
  }

  /** Asks Redis for all calls together, and the model for one after the other. */
  async acquire(calls: readonly PermitAmounts[], tenant = 'a') {
    const options = { nowMs: this.nowMs, tenant };
    const decisions = await acquirePermits(this.#deps, this.#lane, calls, options);
    const expected = calls.map((call) => this.model.acquire(this.nowMs, call, { tenant }));
    decisions.forEach((decision, i) => {
      const twin = expected[i];
      if (decision.kind !== 'granted' || twin?.kind !== 'granted') return;
      this.#permits.push({ permit: decision.permit, id: twin.id });
    });
    return { redis: decisions.map(withoutId), model: expected.map(withoutId) };
  }

  /** Asks for one call. */
  async acquireOne(call: PermitAmounts) {
    const { redis } = await this.acquire([call]);
    const [decision] = redis;
    if (!decision) throw new Error('nothing was decided');
    return decision;
  }

  async run(next: Step) {
    this.nowMs += next.afterMs;
    const did = await this.#act(next);
    const status = await readStatus(this.#deps, this.#lane, this.nowMs);
    return {
      redis: { did: did.redis, used: status.buckets.map(({ used }) => used) },
      model: { did: did.model, used: this.model.used(this.nowMs) },
    };
  }

  async #act(next: Step): Promise<{ redis: unknown; model: unknown }> {
    if (next.act === 'acquire') return await this.acquire(next.calls, next.tenant);
    if (next.act === 'penalize') {
      await penalizeLane(this.#deps, this.#lane, { ...next, reason: 'retry-after' }, this.nowMs);
      return { redis: undefined, model: this.model.penalize(next.pauseMs, this.nowMs) };
    }
    const chosen = this.#permits[next.pick % this.#permits.length];
    if (!chosen) return { redis: 'no permit yet', model: 'no permit yet' };
    const { permit, id } = chosen;
    if (next.act === 'renew') {
      const renewed = await renewPermit(this.#deps, permit, this.nowMs);
      return { redis: renewed, model: this.model.renew(id, this.nowMs) };
    }
    await settlePermit(this.#deps, permit, next.used, { nowMs: this.nowMs });
    return { redis: undefined, model: this.model.settle(id, next.used, this.nowMs) };
  }
}

function withoutId(decision: PermitDecision | ModelDecision) {
  if (decision.kind === 'granted') return { kind: decision.kind, waitMs: 0, limit: '' };
  const { kind, waitMs, limit } = decision;
  return { kind, waitMs, limit };
}

async function connect() {
  const { redis, root } = await testRedis({ ownedKeys: [] });
  const deps: LimitsDeps = { redis, root, clock: systemClock };
  let lanes = 0;
  return (shape: Omit<Lane, 'name'>) => {
    lanes += 1;
    return new Twins(deps, { ...shape, name: `lane-${lanes}` });
  };
}

/** What one bucket gave in the window that ends now, as settled by now. */
function givenInWindow(charges: readonly Charge[], windowMs: number, nowMs: number): number {
  const inside = charges.filter(({ atMs }) => atMs > nowMs - windowMs);
  return inside.reduce((sum, { amount }) => sum + amount, 0);
}

test('decides as the model does, whatever happens in a lane', async () => {
  const makeTwins = await connect();
  await fc.assert(
    fc.asyncProperty(lane, fc.array(step, { maxLength: 60 }), async (shape, steps) => {
      const twins = makeTwins(shape);
      for (const next of steps) {
        const { redis, model } = await twins.run(next);
        expect(redis).toEqual(model);
      }
    }),
    { numRuns: 200 },
  );
}, 60_000);

// Every window that holds a permit is looked at when its last permit is given. A call that uses more than it was
// charged may fill the window further after that; then nothing is given until it has room again.
test('no permit ever makes a sliding window hold more than the limit', async () => {
  const makeTwins = await connect();
  await fc.assert(
    fc.asyncProperty(lane, fc.array(step, { maxLength: 100 }), async (shape, steps) => {
      const twins = makeTwins(shape);
      for (const next of steps) {
        const grantedBefore = twins.granted;
        const { redis, model } = await twins.run(next);
        expect(redis).toEqual(model);
        const granted = twins.granted > grantedBefore;
        const who = next.act === 'acquire' ? next.tenant : 'a';
        const isOver = (of?: string) => (each: Bucket, i: number) => {
          const { windowMs } = windowOf(each);
          const given = givenInWindow(twins.model.charges(i, of), windowMs, twins.nowMs);
          return granted && given > each.limit;
        };
        expect(shape.buckets.filter(isOver())).toEqual([]);
        expect(shape.perTenant?.buckets.filter(isOver(who)) ?? []).toEqual([]);
      }
    }),
    { numRuns: 150 },
  );
}, 60_000);

test('a denied caller is granted after exactly its wait, and denied 2 ms before', async () => {
  const makeTwins = await connect();
  const open = step.filter(({ act }) => act !== 'penalize');
  await fc.assert(
    fc.asyncProperty(
      lane.filter(({ buckets }) => buckets.length > 0),
      fc.array(open, { maxLength: 40 }),
      amounts,
      async (shape, steps, asked) => {
        const twins = makeTwins({ buckets: shape.buckets, concurrency: undefined });
        for (const next of steps) await twins.run(next);
        let decision = await twins.acquireOne(asked);
        for (let i = 0; i < 200 && decision.kind === 'granted'; i += 1) {
          decision = await twins.acquireOne(asked);
        }
        fc.pre(decision.waitMs > 2);
        twins.nowMs += decision.waitMs - 2;
        const before = await twins.acquireOne(asked);
        twins.nowMs += 2;
        const after = await twins.acquireOne(asked);
        expect(before).toEqual({ ...decision, waitMs: 2 });
        expect(after.kind).toBe('granted');
      },
    ),
    { numRuns: 100 },
  );
}, 60_000);
