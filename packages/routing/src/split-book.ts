import type { Redis } from 'ioredis';

import type { Config, Split } from '@sluice/config';
import type { Routing } from '@sluice/contracts';
import { loadScript, type Clock, type Logger } from '@sluice/runtime';

import { armField, routingKeys, type RoutingKeys } from './keys.ts';

const script = loadScript(import.meta.url, 'note-call');

export interface SplitBookDeps {
  redis: Redis;
  root: string;
  clock: Clock;
  log: Logger;
  routes: Config['routes'];
}

/** A call of an arm that has ended. */
export interface ArmCall {
  isFailed: boolean;
  durationMs: number;
  /** US dollars; absent where it is not known. */
  costUsd?: number | undefined;
}

/** Why and when an arm lost its share. */
export interface Rollback {
  /** Epoch milliseconds. */
  atMs: number;
  /** With the figures. */
  reason: string;
}

/** A split as operators see it. */
export interface SplitView {
  name: string;
  split: Split;
  rolledBack: ReadonlyMap<string, Rollback>;
}

const everyMs = 500;
const slotsPerWindow = 10;

/**
 * The splits of this process and which of their arms were rolled back: kept in Redis, so that it holds for every process
 * within half a second and survives restarts. The life of an arm:
 *
 * | from        | to          | by                                                                     |
 * |-------------|-------------|------------------------------------------------------------------------|
 * | in force    | rolled back | `note` of a call with which its window is worse than its rules allow   |
 * | rolled back | in force    | `reset` by an operator                                                 |
 */
export class SplitBook {
  readonly #deps: SplitBookDeps;
  readonly #keys: RoutingKeys;
  readonly #splits: ReadonlyMap<string, Split>;
  #rolledBack = new Map<string, Rollback>();

  constructor(deps: SplitBookDeps) {
    this.#deps = deps;
    this.#keys = routingKeys(deps.root);
    const routes = Object.values(deps.routes).flatMap((ofType) => Object.values(ofType));
    this.#splits = new Map(
      routes.flatMap(({ name, choice }) => (choice?.kind === 'split' ? [[name, choice]] : [])),
    );
  }

  readonly isRolledBack = (split: string, model: string): boolean =>
    this.#rolledBack.has(armField(split, model));

  /** Counts a call; one Redis call, none for a split without rules. Resolves with why the arm was rolled back by it. */
  async note(arm: NonNullable<Routing['arm']>, call: ArmCall): Promise<string | undefined> {
    const split = this.#splits.get(arm.split);
    if (!split?.rollback) return undefined;
    const { redis, log } = this.#deps;
    const { keys, args } = this.#question(arm, split, split.rollback, call);
    // The script's own reply.
    const reason = (await script(redis, keys, args)) as string | null;
    if (reason === null) return undefined;
    log.warn({ split: arm.split, arm: arm.model, reason }, 'an arm of a split was rolled back');
    await this.refresh();
    return reason;
  }

  /** Every arm of the split gets its share again, and its calls count from now; `false` for a name that is no split. */
  async reset(name: string): Promise<boolean> {
    const split = this.#splits.get(name);
    if (!split) return false;
    const { redis, log } = this.#deps;
    const windowMs = split.rollback?.windowMs ?? slotsPerWindow;
    await redis.del(...this.#slots(name, windowMs));
    await redis.hdel(
      this.#keys.rolledBack,
      ...split.arms.map(({ model }) => armField(name, model)),
    );
    log.info({ split: name }, 'a split was reset');
    await this.refresh();
    return true;
  }

  view(): SplitView[] {
    return [...this.#splits].map(([name, split]) => ({
      name,
      split,
      rolledBack: new Map(
        split.arms.flatMap(({ model }) => {
          const rollback = this.#rolledBack.get(armField(name, model));
          return rollback ? [[model, rollback]] : [];
        }),
      ),
    }));
  }

  async refresh(): Promise<void> {
    const found = await this.#deps.redis.hgetall(this.#keys.rolledBack);
    this.#rolledBack = new Map(
      // The shape is the script's own.
      Object.entries(found).map(([arm, text]) => [arm, JSON.parse(text) as Rollback]),
    );
  }

  /** Reads what was rolled back every half second until `signal` aborts; at once over where there is no split. */
  async follow(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#deps;
    while (this.#splits.size > 0 && !signal.aborted) {
      await this.refresh().catch((error: unknown) =>
        log.debug({ err: error }, 'the splits could not be read'),
      );
      await clock.sleep(everyMs, signal);
    }
  }

  #question(
    { split: name, model }: NonNullable<Routing['arm']>,
    { arms }: Split,
    { windowMs, minCalls, errorRate, latencyFactor, costFactor }: NonNullable<Split['rollback']>,
    { isFailed, durationMs, costUsd }: ArmCall,
  ): { keys: string[]; args: (string | number)[] } {
    return {
      keys: [this.#keys.rolledBack, ...this.#slots(name, windowMs)],
      args: [
        model,
        arms[0].model,
        isFailed ? '1' : '',
        Math.round(durationMs),
        costUsd === undefined ? '' : Math.round(costUsd * 1e9),
        windowMs * 2,
        minCalls,
        errorRate ?? '',
        latencyFactor ?? '',
        costFactor ?? '',
        armField(name, model),
        this.#deps.clock.now(),
      ],
    };
  }

  /** Keys of the window's slots, that of now first. */
  #slots(name: string, windowMs: number): string[] {
    const now = Math.floor(this.#deps.clock.now() / (windowMs / slotsPerWindow));
    return Array.from({ length: slotsPerWindow }, (_, i) => this.#keys.calls(name, now - i));
  }
}
