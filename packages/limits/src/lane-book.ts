import type { Bucket, Lane } from '@sluice/config';
import { laneControls, type LaneControls, type LimitOverrides } from '@sluice/contracts';
import type { Clock, Logger } from '@sluice/runtime';
import type { Redis } from 'ioredis';

import { controlsKey } from './keys.ts';
import { overrideLane } from './override-lane.ts';

/** A lane as it is in force: the configuration's, with what operators have set over it. */
export interface LaneInForce extends Lane {
  /** Set by an operator: nobody gets a permit until it is resumed. */
  paused?: { reason: string; sinceMs: number };
  /** What of it an operator has set. */
  overrides?: LimitOverrides;
  /** Set by an operator: its limits are those of the configuration at that time, whatever it says now. */
  pinned?: { sinceMs: number };
}

export interface LaneBookDeps {
  redis: Redis;
  root: string;
  clock: Clock;
  log: Logger;
  lanes: Readonly<Record<string, Lane>>;
  /** Called for each lane whose limits or pause have changed. */
  onChange?(lane: LaneInForce): void;
}

const everyMs = 500;

/**
 * The lanes as they are in force in this process. What an operator sets is kept in Redis, so that it holds for every process
 * within half a second and survives restarts; a new configuration is set with `replace`.
 */
export class LaneBook {
  readonly #deps: LaneBookDeps;
  readonly #key: string;
  readonly #configured: Map<string, Lane>;
  readonly #inForce: Map<string, LaneInForce>;
  /** What operators have set, as it was last read. */
  #stored: Record<string, string> = {};

  constructor(deps: LaneBookDeps) {
    this.#deps = deps;
    this.#key = controlsKey(deps.root);
    this.#configured = new Map(Object.entries(deps.lanes));
    this.#inForce = new Map(this.#configured);
  }

  /** `undefined` for a lane that the configuration does not have. */
  lane(name: string): LaneInForce | undefined {
    return this.#inForce.get(name);
  }

  all(): LaneInForce[] {
    return [...this.#inForce.values()];
  }

  /** Takes the limits of a new configuration for the lanes of the old one; returns the names of those it cannot add. */
  replace(lanes: Readonly<Record<string, Lane>>): string[] {
    for (const name of this.#configured.keys()) {
      const lane = lanes[name];
      if (lane) this.#configured.set(name, lane);
      this.#apply(name);
    }
    return Object.keys(lanes).filter((name) => !this.#configured.has(name));
  }

  async pause(name: string, reason: string): Promise<void> {
    const sinceMs = this.#deps.clock.now();
    await this.#change(name, (old) => ({ ...old, paused: { reason, sinceMs } }));
  }

  async resume(name: string): Promise<void> {
    await this.#change(name, ({ paused: _paused, ...rest }) => rest);
  }

  /** The limits that the configuration has now stay in force, whatever a later one says, until `unpin`. Pinned ones stay as they are. */
  async pin(name: string): Promise<void> {
    const base = this.#configured.get(name);
    if (!base) return;
    const { buckets, concurrency, perTenant } = base;
    const limits = {
      buckets: [...buckets],
      ...(concurrency !== undefined && { concurrency }),
      ...(perTenant && { perTenant }),
    };
    const sinceMs = this.#deps.clock.now();
    await this.#change(name, (old) => ({ pinned: { sinceMs, limits }, ...old }));
  }

  async unpin(name: string): Promise<void> {
    await this.#change(name, ({ pinned: _pinned, ...rest }) => rest);
  }

  /** Sets the limits that are named; what is not stays as it was set. An empty object takes all of them back. */
  async override(name: string, overrides: LimitOverrides): Promise<void> {
    await this.#change(name, (old) => withOverrides(old, overrides));
  }

  /** Reads what operators have set. */
  async refresh(): Promise<void> {
    const before = this.#stored;
    this.#stored = await this.#deps.redis.hgetall(this.#key);
    for (const name of this.#configured.keys()) {
      if (this.#stored[name] !== before[name]) this.#apply(name);
    }
  }

  /** Reads it every half second until `signal` aborts. Resolves then; what cannot be read is read the next time. */
  async follow(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#deps;
    while (!signal.aborted) {
      await this.refresh().catch((error: unknown) =>
        log.debug({ err: error }, 'the controls of the lanes could not be read'),
      );
      await clock.sleep(everyMs, signal);
    }
  }

  /** Two operators who change one lane in the same millisecond: the last one wins. */
  async #change(name: string, to: (controls: LaneControls) => LaneControls): Promise<void> {
    const { redis, log } = this.#deps;
    const next = to(readControls((await redis.hget(this.#key, name)) ?? undefined, log));
    if (Object.keys(next).length > 0) await redis.hset(this.#key, name, JSON.stringify(next));
    else await redis.hdel(this.#key, name);
    await this.refresh();
  }

  #apply(name: string): void {
    const base = this.#configured.get(name);
    if (!base) return;
    const next = laneInForce(base, readControls(this.#stored[name], this.#deps.log));
    const isChanged = JSON.stringify(next) !== JSON.stringify(this.#inForce.get(name));
    this.#inForce.set(name, next);
    if (isChanged) this.#deps.onChange?.(next);
  }
}

function laneInForce(configured: Lane, { paused, overrides, pinned }: LaneControls): LaneInForce {
  const base = pinned ? withLimits(configured, pinned.limits) : configured;
  return {
    ...(overrides ? { ...overrideLane(base, overrides), overrides } : base),
    ...(paused && { paused }),
    ...(pinned && { pinned: { sinceMs: pinned.sinceMs } }),
  };
}

function withLimits(
  { perTenant: _perTenant, ...lane }: Lane,
  { buckets, concurrency, perTenant }: NonNullable<LaneControls['pinned']>['limits'],
): Lane {
  return {
    ...lane,
    // zod leaves an absent key out.
    buckets: buckets as Bucket[],
    concurrency,
    ...(perTenant && { perTenant: perTenant as NonNullable<Lane['perTenant']> }),
  };
}

function withOverrides(
  { overrides: old, ...rest }: LaneControls,
  set: LimitOverrides,
): LaneControls {
  return Object.keys(set).length === 0 ? rest : { ...rest, overrides: { ...old, ...set } };
}

/** What another version has written and this one cannot read is as if it were not there. */
function readControls(text: string | undefined, log: Logger): LaneControls {
  if (text === undefined) return {};
  try {
    return laneControls.parse(JSON.parse(text));
  } catch (error) {
    log.warn({ err: error }, 'the controls of a lane are not readable');
    return {};
  }
}
