import type { Bucket, Lane } from '@sluice/config';

import { describeBucket, windowOf, type BucketWindow } from './bucket-window.ts';
import type { Asker, PermitAmounts } from './permit.ts';

export type ModelDecision =
  | { kind: 'granted'; id: number }
  | { kind: 'denied'; waitMs: number; limit: string };

/** What one permit took from one bucket, with its amount as settled. */
export interface Charge {
  id: number;
  atMs: number;
  amount: number;
}

interface ModelBucket {
  unit: Bucket['unit'];
  text: string;
  windowMs: number;
  window: BucketWindow;
  dueAt: number;
  bookedAt: number;
  charges: (Charge & { intervalMs: number })[];
}

/** The lane, or a tenant in it. */
interface ModelScope {
  buckets: ModelBucket[];
  concurrency: number | undefined;
  leases: Map<number, number>;
}

interface Denied {
  kind: 'denied';
  waitMs: number;
  limit: string;
  bucket?: ModelBucket;
}

const leaseMs = 15_000;

/**
 * What the Lua scripts do, written to be read: every charge is kept for ever and looked at again in every call. For the
 * property tests only. Time never goes back in it, and no call is a fault of its target.
 */
export class LimitsModel {
  readonly #lane: Lane;
  readonly #scope: ModelScope;
  readonly #tenants = new Map<string, ModelScope>();
  readonly #open = new Map<number, ModelScope[]>();
  #granted = 0;
  #reopensAt = 0;

  constructor(lane: Lane) {
    this.#lane = lane;
    this.#scope = scopeOf(lane);
  }

  acquire(nowMs: number, amounts: PermitAmounts, { tenant = '' }: Asker = {}): ModelDecision {
    if (this.#reopensAt > nowMs) return denied(this.#reopensAt - nowMs, 'upstream 429');
    const ofTenant = this.#tenant(tenant);
    const byTenant = this.#longestWait(ofTenant, amounts, nowMs);
    if (byTenant.waitMs > 0) {
      return denied(book(byTenant, amounts, nowMs), `${byTenant.limit} of the tenant`);
    }
    const byLane = this.#longestWait(this.#scope, amounts, nowMs);
    if (byLane.waitMs > 0) return denied(byLane.waitMs, byLane.limit);

    this.#granted += 1;
    const id = this.#granted;
    const scopes = [this.#scope, ofTenant];
    this.#open.set(id, scopes);
    for (const scope of scopes) {
      if (scope.concurrency !== undefined) scope.leases.set(id, nowMs + leaseMs);
      for (const bucket of scope.buckets) this.#charge(bucket, id, amounts, nowMs);
    }
    return { kind: 'granted', id };
  }

  settle(id: number, used: PermitAmounts, nowMs: number): void {
    for (const scope of this.#open.get(id) ?? []) {
      scope.leases.delete(id);
      for (const bucket of scope.buckets) this.#correct(bucket, id, used, nowMs);
    }
    this.#open.delete(id);
  }

  renew(id: number, nowMs: number): boolean {
    const scopes = this.#open.get(id);
    const leased = scopes?.filter(({ concurrency }) => concurrency !== undefined) ?? [];
    if (!scopes || leased.some(({ leases }) => (leases.get(id) ?? 0) <= nowMs)) return false;
    for (const { leases } of leased) leases.set(id, nowMs + leaseMs);
    return true;
  }

  penalize(pauseMs: number, nowMs: number): void {
    this.#reopensAt = Math.max(this.#reopensAt, nowMs + pauseMs);
  }

  /** Units in the window of each of the lane's buckets. */
  used(nowMs: number): number[] {
    return this.#scope.buckets.map((bucket) => total(this.#inWindow(bucket, nowMs)));
  }

  /** Every charge that was ever made to a bucket of the lane, or of a tenant in it. */
  charges(bucketIndex: number, tenant?: string): readonly Charge[] {
    const scope = tenant === undefined ? this.#scope : this.#tenant(tenant);
    return scope.buckets[bucketIndex]?.charges ?? [];
  }

  #tenant(name: string): ModelScope {
    const scope = this.#tenants.get(name) ?? scopeOf(this.#lane.perTenant);
    this.#tenants.set(name, scope);
    return scope;
  }

  #longestWait(scope: ModelScope, amounts: PermitAmounts, nowMs: number): Denied {
    let longest: Denied = denied(this.#slotWaitMs(scope, nowMs), 'concurrency');
    for (const bucket of scope.buckets) {
      const waitMs = this.#waitMs(bucket, amounts[bucket.unit] ?? 0, nowMs);
      if (waitMs > longest.waitMs) longest = { ...denied(waitMs, bucket.text), bucket };
    }
    return longest;
  }

  #waitMs(bucket: ModelBucket, asked: number, nowMs: number): number {
    const { limit, toleranceMs } = bucket.window;
    const dueAt = this.#dueAt(bucket);
    const paced = this.#isPaced(bucket, nowMs);
    let waitMs = paced ? Math.max(0, Math.ceil(dueAt - toleranceMs - nowMs)) : 0;
    const inWindow = this.#inWindow(bucket, nowMs);
    let over = total(inWindow) + Math.min(asked, limit) - limit;
    for (const charge of inWindow) {
      if (over <= 0) break;
      over -= charge.amount;
      waitMs = Math.max(waitMs, this.#leftAt(bucket, charge) - nowMs);
    }
    return waitMs;
  }

  #slotWaitMs({ leases, concurrency = Infinity }: ModelScope, nowMs: number): number {
    const ends = [...leases.values()].filter((endsAt) => endsAt > nowMs);
    const makesRoom = ends.sort((a, b) => a - b).at(-concurrency);
    return ends.length < concurrency || !makesRoom ? 0 : Math.min(makesRoom - nowMs, 250);
  }

  #charge(bucket: ModelBucket, id: number, amounts: PermitAmounts, nowMs: number): void {
    const amount = Math.min(amounts[bucket.unit] ?? 0, bucket.window.limit);
    const intervalMs = this.#isPaced(bucket, nowMs) ? bucket.window.intervalMs : 0;
    bucket.charges.push({ id, atMs: nowMs, amount, intervalMs });
    bucket.dueAt = Math.max(nowMs, this.#dueAt(bucket)) + amount * intervalMs;
  }

  #correct(bucket: ModelBucket, id: number, used: PermitAmounts, nowMs: number): void {
    const charge = bucket.charges.find((each) => each.id === id);
    if (!charge || this.#leftAt(bucket, charge) <= nowMs) return;
    const more = (used[bucket.unit] ?? 0) - charge.amount;
    charge.amount += more;
    const latest = Math.max(bucket.dueAt, nowMs + bucket.windowMs);
    bucket.dueAt = Math.min(bucket.dueAt + more * charge.intervalMs, latest);
  }

  #isPaced(bucket: ModelBucket, nowMs: number): boolean {
    const reopeningMs = Math.min(bucket.window.windowMs, 60_000);
    return bucket.window.smooth || nowMs < this.#reopensAt + reopeningMs;
  }

  #dueAt(bucket: ModelBucket): number {
    return Math.max(bucket.dueAt, this.#reopensAt + bucket.window.toleranceMs);
  }

  #inWindow(bucket: ModelBucket, nowMs: number): Charge[] {
    return bucket.charges.filter((charge) => this.#leftAt(bucket, charge) > nowMs);
  }

  /** A charge leaves the window when the end of its slot does. */
  #leftAt({ window }: ModelBucket, { atMs }: Charge): number {
    return (Math.floor(atMs / window.slotMs) + 1) * window.slotMs + window.windowMs;
  }
}

function scopeOf(shape: Pick<Lane, 'buckets' | 'concurrency'> | undefined): ModelScope {
  const buckets = (shape?.buckets ?? []).map((bucket) => ({
    unit: bucket.unit,
    text: describeBucket(bucket),
    windowMs: bucket.windowMs,
    window: windowOf(bucket),
    dueAt: 0,
    bookedAt: 0,
    charges: [],
  }));
  return { buckets, concurrency: shape?.concurrency, leases: new Map() };
}

/** One after the other: each comes back when the one before it has had its turn, within a minute or its own wait. */
function book({ waitMs, bucket }: Denied, amounts: PermitAmounts, nowMs: number): number {
  if (!bucket) return waitMs;
  const { limit, windowMs } = bucket.window;
  const at = Math.min(Math.max(bucket.bookedAt, nowMs + waitMs), nowMs + Math.max(waitMs, 60_000));
  const amount = Math.min(amounts[bucket.unit] ?? 0, limit);
  bucket.bookedAt = at + Math.ceil((amount * windowMs) / limit);
  return at - nowMs;
}

function denied(waitMs: number, limit: string) {
  return { kind: 'denied' as const, waitMs, limit };
}

function total(charges: readonly Charge[]): number {
  return charges.reduce((sum, { amount }) => sum + amount, 0);
}
