import type { Redis } from 'ioredis';

import type { Config, Split, SplitArm } from '@sluice/config';
import type { Routing } from '@sluice/contracts';
import { loadScript, type Clock, type Logger } from '@sluice/runtime';

import type { LiveSplits } from './choose-model.ts';
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

/** A roll-back to tell of. */
export interface ToldRollback extends Rollback {
  split: string;
  arm: string;
}

/** A split as operators see it. */
export interface SplitView {
  name: string;
  /** With the weights in force. */
  split: Split;
  /** Whether an operator has set the weights. */
  isSet: boolean;
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
 * | in force    | rolled back | `rollBack` by an operator                                              |
 * | rolled back | in force    | `resume` or `reset` by an operator                                     |
 */
export class SplitBook implements LiveSplits {
  readonly #deps: SplitBookDeps;
  readonly #keys: RoutingKeys;
  readonly #splits: ReadonlyMap<string, Split>;
  #rolledBack = new Map<string, Rollback>();
  /** Arms with the weights that operators have set, by split. */
  #set = new Map<string, Split['arms']>();

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

  readonly armsOf = (split: string): Split['arms'] | undefined =>
    this.#set.get(split) ?? this.#splits.get(split)?.arms;

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

  /** Gives arms other weights than the configuration's; those that are not named keep theirs. */
  async setWeights(name: string, weights: Readonly<Record<string, number>>): Promise<void> {
    const now = Object.fromEntries(
      (this.armsOf(name) ?? []).map(({ model, weight }) => [model, weights[model] ?? weight]),
    );
    const { redis, log } = this.#deps;
    await redis.hset(this.#keys.weights, name, JSON.stringify(now));
    log.info({ split: name, weights: now }, 'the weights of a split were set');
    await this.refresh();
  }

  /** Takes the share of an arm away, as its figures would. One that has lost it keeps its reason. */
  async rollBack(name: string, arm: string, reason: string): Promise<void> {
    const { redis, clock, log } = this.#deps;
    const rollback: Rollback = { atMs: clock.now(), reason };
    await redis.hsetnx(this.#keys.rolledBack, armField(name, arm), JSON.stringify(rollback));
    log.info({ split: name, arm, reason }, 'an arm of a split was rolled back by an operator');
    await this.refresh();
  }

  /** The arm gets its share again, and the calls of its split count from now. */
  async resume(name: string, arm: string): Promise<void> {
    await this.#forget(name, [arm]);
    this.#deps.log.info({ split: name, arm }, 'an arm of a split was resumed');
    await this.refresh();
  }

  /** Every arm has the share of the configuration again, and its calls count from now; `false` for a name that is no split. */
  async reset(name: string): Promise<boolean> {
    const split = this.#splits.get(name);
    if (!split) return false;
    const { redis, log } = this.#deps;
    await redis.hdel(this.#keys.weights, name);
    await this.#forget(
      name,
      split.arms.map(({ model }) => model),
    );
    log.info({ split: name }, 'a split was reset');
    await this.refresh();
    return true;
  }

  async #forget(name: string, arms: readonly string[]): Promise<void> {
    const { redis } = this.#deps;
    const windowMs = this.#splits.get(name)?.rollback?.windowMs ?? slotsPerWindow;
    const fields = arms.map((arm) => armField(name, arm));
    await redis.del(...this.#slots(name, windowMs));
    await redis.hdel(this.#keys.rolledBack, ...fields);
    await redis.hdel(this.#keys.told, ...fields);
  }

  /** Roll-backs that {@link markTold} was not called for. One round trip. */
  async untold(): Promise<ToldRollback[]> {
    await this.refresh();
    const rolledBack = this.view().flatMap(({ name: split, rolledBack: arms }) =>
      [...arms].map(([arm, rollback]) => ({ split, arm, ...rollback })),
    );
    if (rolledBack.length === 0) return [];
    const fields = rolledBack.map(({ split, arm }) => armField(split, arm));
    const told = await this.#deps.redis.hmget(this.#keys.told, ...fields);
    return rolledBack.filter(({ atMs }, i) => told[i] !== String(atMs));
  }

  async markTold({ split, arm, atMs }: Omit<ToldRollback, 'reason'>): Promise<void> {
    await this.#deps.redis.hset(this.#keys.told, armField(split, arm), atMs);
  }

  view(): SplitView[] {
    return [...this.#splits].map(([name, split]) => ({
      name,
      split: { ...split, arms: this.armsOf(name) ?? split.arms },
      isSet: this.#set.has(name),
      rolledBack: new Map(
        split.arms.flatMap(({ model }) => {
          const rollback = this.#rolledBack.get(armField(name, model));
          return rollback ? [[model, rollback]] : [];
        }),
      ),
    }));
  }

  async refresh(): Promise<void> {
    const { redis } = this.#deps;
    const [rolledBack, weights] = await Promise.all([
      redis.hgetall(this.#keys.rolledBack),
      redis.hgetall(this.#keys.weights),
    ]);
    this.#rolledBack = new Map(
      // The shape is the script's own, and that of `rollBack`.
      Object.entries(rolledBack).map(([arm, text]) => [arm, JSON.parse(text) as Rollback]),
    );
    this.#set = new Map(
      Object.entries(weights).flatMap(([name, text]) => {
        const split = this.#splits.get(name);
        // What setWeights wrote.
        return split ? [[name, weighted(split.arms, JSON.parse(text))]] : [];
      }),
    );
  }

  /** Reads what was rolled back or set every half second until `signal` aborts; at once over where there is no split. */
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

/** An arm that the configuration has got since keeps its weight. */
function weighted(
  [first, ...others]: Split['arms'],
  weights: Readonly<Record<string, number>>,
): Split['arms'] {
  const withWeight = (arm: SplitArm): SplitArm => ({
    ...arm,
    weight: weights[arm.model] ?? arm.weight,
  });
  return [withWeight(first), ...others.map(withWeight)];
}
