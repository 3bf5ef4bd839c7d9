import type { Budget, CostUsd } from '@sluice/contracts';
import { loadScript, type Clock, type Logger } from '@sluice/runtime';
import type { Redis } from 'ioredis';

import { picoOf } from '../usage/totals.ts';
import { budgetKeys, periodsOf, type BudgetKeys } from './keys.ts';
import { spendEntries, type SpentPiece } from './spend-entries.ts';

const packageUrl = new URL('..', import.meta.url).href;
const reserveScript = loadScript(packageUrl, 'reserve-budget');
const releaseScript = loadScript(packageUrl, 'release-budget');

/** Whose calls count in which budgets. */
export interface Payer {
  tenantId: string;
  keyId?: string | undefined;
  provider?: string | undefined;
}

/** What a budget that has no room says; scope as in `keys.ts`. */
export interface Refusal {
  kind: 'exceeded' | 'unknown_price' | 'wait';
  scope: string;
  period?: BudgetPeriod;
}

export const budgetPeriods = ['daily', 'monthly'] as const;
export type BudgetPeriod = (typeof budgetPeriods)[number];

/** A budget with what is spent of it; picodollars. */
export interface BudgetState {
  scope: string;
  budget: Budget;
  /** The day and the month in which it is spent, as in `keys.ts`. */
  periods: Record<BudgetPeriod, string>;
  spent: Record<BudgetPeriod, bigint>;
  reserved: bigint;
}

export interface BudgetDeps {
  redis: Redis;
  root: string;
  clock: Clock;
  log: Logger;
  /** Budgets of the configuration by scope; what an operator has set for a scope stands over them. */
  configured: Readonly<Record<string, Budget>>;
}

const everyMs = 500;

/** By then every process that follows the budgets knows of one that was set. */
export const budgetKnownAfterMs = everyMs + 100;

/**
 * The budgets, and what is spent of them. A process knows the budgets as they were half a second ago, so that a call that
 * counts in none costs nothing; what is left is asked of Redis for each call that does.
 *
 * The life of a reservation, one a job:
 *
 * | from     | to       | by                                                                     |
 * |----------|----------|------------------------------------------------------------------------|
 * | -        | reserved | reserve, before the call: the most it is expected to cost              |
 * | reserved | reserved | reserve by the job's next run: the old one is replaced                 |
 * | reserved | -        | release: nothing was called                                            |
 * | reserved | spent    | the meter, with the entry of the ledger: what it did cost, exactly once |
 * | reserved | -        | the end of its lease: its worker died and its job did not run again    |
 */
export class BudgetBook {
  readonly #deps: BudgetDeps;
  readonly #keys: BudgetKeys;
  #states = new Map<string, BudgetState>();

  constructor(deps: BudgetDeps) {
    this.#deps = deps;
    this.#keys = budgetKeys(deps.root);
  }

  /** The scopes with a budget that a call counts in. */
  scopesOf({ tenantId, keyId, provider }: Payer): string[] {
    if (this.#states.size === 0) return [];
    const all = [`tenant:${tenantId}`, `key:${keyId}`, `provider:${provider}`];
    return all.filter((scope) => this.#states.has(scope));
  }

  /** The first budget of the payer in which all is spent, as far as this process knows. */
  exhausted(payer: Payer): Refusal | undefined {
    for (const scope of this.scopesOf(payer)) {
      const state = this.#states.get(scope);
      const period = state && budgetPeriods.find((each) => isSpent(state, each));
      if (period) return { kind: 'exceeded', scope, period };
    }
    return undefined;
  }

  budgetOf(scope: string): Budget | undefined {
    return this.#states.get(scope)?.budget;
  }

  all(): BudgetState[] {
    return [...this.#states.values()];
  }

  /** Sets aside what the job's call with that number may cost. `leaseMs` is longer than the call may take. One round trip. */
  async reserve(
    jobId: string,
    scopes: readonly string[],
    { call, estimate, leaseMs }: { call: number; estimate: CostUsd; leaseMs: number },
  ): Promise<Refusal | undefined> {
    const { redis, clock } = this.#deps;
    const now = clock.now();
    const { daily, monthly } = periodsOf(now);
    const keys = this.#keys;
    const names = [keys.reservations, keys.leases, keys.reserved];
    const budgets = scopes.flatMap((scope) => [scope, encodeBudget(this.budgetOf(scope) ?? {})]);
    const pico = estimate === 'unknown' ? '' : picoOf(estimate).toString();
    const reply = await reserveScript(
      redis,
      [...names, keys.spent(daily), keys.spent(monthly)],
      [jobId, pico, now, now + leaseMs, call, ...budgets],
    );
    // The replies that reserve-budget.lua lists.
    const [kind, scope = '', period] = reply as [
      'reserved' | Refusal['kind'],
      string?,
      BudgetPeriod?,
    ];
    return kind === 'reserved' ? undefined : { kind, scope, ...(period && { period }) };
  }

  /** Gives back what a job has set aside. */
  async release(jobId: string): Promise<void> {
    const { reservations, leases, reserved } = this.#keys;
    await releaseScript(this.#deps.redis, [reservations, leases, reserved], [jobId]);
  }

  /** Id of the last entry of a shard's ledger that is in what is spent; `0` for none. */
  async spentUpTo(shard: number): Promise<string> {
    return (await this.#deps.redis.hget(this.#keys.added, String(shard))) ?? '0';
  }

  /** Adds a piece of the ledger. `false`: another process has added meanwhile, and nothing was. */
  async spend(piece: SpentPiece): Promise<boolean> {
    return await spendEntries(this.#deps.redis, this.#keys, piece);
  }

  /** Sets a scope's budget, in force everywhere within half a second; `undefined` takes it back. */
  async set(scope: string, budget: Budget | undefined): Promise<void> {
    const { redis } = this.#deps;
    if (budget) await redis.hset(this.#keys.budgets, scope, JSON.stringify(budget));
    else await redis.hdel(this.#keys.budgets, scope);
    await this.refresh();
  }

  /** Reads the budgets and what is spent of them. */
  async refresh(): Promise<void> {
    const { redis, clock, configured } = this.#deps;
    const budgets = { ...configured, ...decodeAll(await redis.hgetall(this.#keys.budgets)) };
    const scopes = Object.keys(budgets);
    if (scopes.length === 0) {
      this.#states = new Map();
      return;
    }
    const periods = periodsOf(clock.now());
    const [ofDay, ofMonth, reserved] = await Promise.all([
      redis.hmget(this.#keys.spent(periods.daily), ...scopes),
      redis.hmget(this.#keys.spent(periods.monthly), ...scopes),
      redis.hmget(this.#keys.reserved, ...scopes),
    ]);
    const states = scopes.map((scope, i): [string, BudgetState] => {
      const budget = budgets[scope] ?? {};
      const spent = { daily: BigInt(ofDay[i] ?? 0), monthly: BigInt(ofMonth[i] ?? 0) };
      return [scope, { scope, budget, periods, spent, reserved: BigInt(reserved[i] ?? 0) }];
    });
    this.#states = new Map(states);
  }

  /** Reads them every half second until `signal` aborts. */
  async follow(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#deps;
    while (!signal.aborted) {
      await this.refresh().catch((error: unknown) =>
        log.debug({ err: error }, 'the budgets could not be read'),
      );
      await clock.sleep(everyMs, signal);
    }
  }
}

/** What is spent of a budget reaches its limit, `undefined` where it has none. */
export function isSpent({ budget, spent }: BudgetState, period: BudgetPeriod): boolean {
  const limit = limitOf(budget, period);
  return limit !== undefined && spent[period] >= limit;
}

/** In picodollars. */
export function limitOf(budget: Budget, period: BudgetPeriod): bigint | undefined {
  const usd = period === 'daily' ? budget.daily_usd : budget.monthly_usd;
  return usd === undefined ? undefined : picoOf(String(usd));
}

/** As the script reads it: limits in picodollars. */
function encodeBudget(budget: Budget): string {
  return JSON.stringify({
    daily: limitOf(budget, 'daily')?.toString(),
    monthly: limitOf(budget, 'monthly')?.toString(),
    allowUnknown: budget.allow_unknown_prices,
  });
}

function decodeAll(stored: Record<string, string>): Record<string, Budget> {
  const decoded = Object.entries(stored).map(([scope, text]) => {
    // What set wrote.
    return [scope, JSON.parse(text) as Budget] as const;
  });
  return Object.fromEntries(decoded);
}
