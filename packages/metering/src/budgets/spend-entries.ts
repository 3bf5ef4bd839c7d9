import type { LedgerEntry } from '@sluice/contracts';
import { loadScript } from '@sluice/runtime';
import type { Redis } from 'ioredis';

import { picoOf } from '../usage/totals.ts';
import { periodsOf, type BudgetKeys } from './keys.ts';

const script = loadScript(new URL('..', import.meta.url).href, 'spend-budget');

/** A piece of a shard's ledger, as it follows on what is added. */
export interface SpentPiece {
  shard: number;
  fromId: string;
  toId: string;
  entries: readonly LedgerEntry[];
}

const dayMs = 86_400_000;
const keptMs = { day: 8 * dayMs, month: 70 * dayMs };

/** See {@link BudgetBook.spend}. Whoever pays is added to, with a budget or not: one that is set later knows what was spent. */
export async function spendEntries(
  redis: Redis,
  keys: BudgetKeys,
  { shard, fromId, toId, entries }: SpentPiece,
): Promise<boolean> {
  const jobs = new Map(
    entries.flatMap(({ jobId, call, settles = jobId }) => [
      [jobId, call],
      [settles, call],
    ]),
  );
  const periods = gather(entries);
  const names = [keys.added, keys.reservations, keys.leases, keys.reserved];
  const args: (string | number)[] = [shard, fromId, toId, jobs.size, ...[...jobs].flat()];
  for (const [period, scopes] of periods) {
    names.push(keys.spent(period));
    const lifeMs = period.length === 7 ? keptMs.month : keptMs.day;
    args.push(Date.parse(period) + lifeMs, scopes.size);
    for (const [scope, pico] of scopes) args.push(scope, pico.toString());
  }
  return (await script(redis, names, args)) === 1;
}

/** Picodollars by period and scope. */
function gather(entries: readonly LedgerEntry[]): Map<string, Map<string, bigint>> {
  const periods = new Map<string, Map<string, bigint>>();
  for (const { atMs, costUsd, tenantId, keyId, provider } of entries) {
    if (costUsd === 'unknown' || costUsd === '0') continue;
    const pico = picoOf(costUsd);
    const scopes = [`tenant:${tenantId}`, `provider:${provider}`];
    if (keyId !== undefined) scopes.push(`key:${keyId}`);
    for (const period of Object.values(periodsOf(atMs))) {
      let sums = periods.get(period);
      if (!sums) periods.set(period, (sums = new Map()));
      for (const scope of scopes) sums.set(scope, (sums.get(scope) ?? 0n) + pico);
    }
  }
  return periods;
}
