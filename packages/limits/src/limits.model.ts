import type { Bucket, Lane } from '@sluice/config';

import { describeBucket, windowOf, type BucketWindow } from './bucket-window.ts';
import type { PermitAmounts } from './permit.ts';

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
  charges: (Charge & { intervalMs: number })[];
}

const leaseMs = 15_000;

/**
 * What the Lua scripts do, written to be read: every charge is kept for ever and looked at again in every call. For the
 * property tests only. Time never goes back in it.
 */
export class LimitsModel {
  readonly #lane: Lane;
  readonly #buckets: ModelBucket[];
  readonly #leases = new Map<number, number>();
  readonly #open = new Set<number>();
  #granted = 0;
  #reopensAt = 0;

  constructor(lane: Lane) {
    this.#lane = lane;
    this.#buckets = lane.buckets.map((bucket) => ({
      unit: bucket.unit,
      text: describeBucket(bucket),
      windowMs: bucket.windowMs,
      window: windowOf(bucket),
      dueAt: 0,
      charges: [],
    }));
  }

  acquire(nowMs: number, amounts: PermitAmounts): ModelDecision {
    if (this.#reopensAt > nowMs) return denied(this.#reopensAt - nowMs, 'upstream 429');
    let longest = denied(0, '');
    for (const bucket of this.#buckets) {
      const waitMs = this.#waitMs(bucket, amounts[bucket.unit], nowMs);
      if (waitMs > longest.waitMs) longest = denied(waitMs, bucket.text);
    }
    const slotWaitMs = this.#slotWaitMs(nowMs);
    if (slotWaitMs > longest.waitMs) longest = denied(slotWaitMs, 'concurrency');
    if (longest.waitMs > 0) return longest;

    this.#granted += 1;
    const id = this.#granted;
    this.#open.add(id);
    if (this.#lane.concurrency !== undefined) this.#leases.set(id, nowMs + leaseMs);
    for (const bucket of this.#buckets) this.#charge(bucket, id, amounts[bucket.unit], nowMs);
    return { kind: 'granted', id };
  }

  settle(id: number, used: PermitAmounts, nowMs: number): void {
    this.#leases.delete(id);
    if (!this.#open.delete(id)) return;
    for (const bucket of this.#buckets) {
      const charge = bucket.charges.find((each) => each.id === id);
      if (!charge || this.#leftAt(bucket, charge) <= nowMs) continue;
      const more = used[bucket.unit] - charge.amount;
      charge.amount += more;
      const latest = Math.max(bucket.dueAt, nowMs + bucket.windowMs);
      bucket.dueAt = Math.min(bucket.dueAt + more * charge.intervalMs, latest);
    }
  }

  renew(id: number, nowMs: number): boolean {
    if (!this.#open.has(id)) return false;
    if (this.#lane.concurrency === undefined) return true;
    if ((this.#leases.get(id) ?? 0) <= nowMs) return false;
    this.#leases.set(id, nowMs + leaseMs);
    return true;
  }

  penalize(pauseMs: number, nowMs: number): void {
    this.#reopensAt = Math.max(this.#reopensAt, nowMs + pauseMs);
  }

  /** Units in the window of each bucket. */
  used(nowMs: number): number[] {
    return this.#buckets.map((bucket) => total(this.#inWindow(bucket, nowMs)));
  }

  /** Every charge that was ever made to a bucket. */
  charges(bucketIndex: number): readonly Charge[] {
    return this.#buckets[bucketIndex]?.charges ?? [];
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

  #slotWaitMs(nowMs: number): number {
    const { concurrency = Infinity } = this.#lane;
    const ends = [...this.#leases.values()].filter((endsAt) => endsAt > nowMs);
    const makesRoom = ends.sort((a, b) => a - b).at(-concurrency);
    return ends.length < concurrency || !makesRoom ? 0 : Math.min(makesRoom - nowMs, 250);
  }

  #charge(bucket: ModelBucket, id: number, asked: number, nowMs: number): void {
    const amount = Math.min(asked, bucket.window.limit);
    const intervalMs = this.#isPaced(bucket, nowMs) ? bucket.window.intervalMs : 0;
    bucket.charges.push({ id, atMs: nowMs, amount, intervalMs });
    bucket.dueAt = Math.max(nowMs, this.#dueAt(bucket)) + amount * intervalMs;
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

function denied(waitMs: number, limit: string) {
  return { kind: 'denied' as const, waitMs, limit };
}

function total(charges: readonly Charge[]): number {
  return charges.reduce((sum, { amount }) => sum + amount, 0);
}
