/**
 * All keys of budgets, in one hash slot: a call counts in several budgets, all or none. `<scope>` is `tenant:<id>`,
 * `key:<id>` or `provider:<name>`; money is in picodollars.
 *
 * | key                               | type | what                                          | goes away                    |
 * |-----------------------------------|------|-----------------------------------------------|------------------------------|
 * | {<root>:budgets}/budgets          | hash | scope -> JSON of the budget                   | an operator takes it out     |
 * | {<root>:budgets}/reservations     | hash | job id -> JSON {pico, scopes}                 | settled, or its lease ends   |
 * | {<root>:budgets}/leases           | zset | job id -> end of its reservation's lease (ms) | the same                     |
 * | {<root>:budgets}/reserved         | hash | scope -> sum of its reservations              | one field a scope            |
 * | {<root>:budgets}/added            | hash | shard -> id of the last entry of its ledger   | one field a shard            |
 * | {<root>:budgets}/day:<date>       | hash | scope -> spent in the UTC day                 | TTL, 8 days from its start   |
 * | {<root>:budgets}/month:<month>    | hash | scope -> spent in the UTC month               | TTL, 70 days from its start  |
 * | {<root>:budgets}/told:<period>    | hash | scope and percent -> 1: webhooks that were added | TTL, 70 days              |
 */
export interface BudgetKeys {
  budgets: string;
  reservations: string;
  leases: string;
  reserved: string;
  added: string;
  /** `2026-11-27` or `2026-11`. */
  spent(period: string): string;
  told(period: string): string;
}

export function budgetKeys(root: string): BudgetKeys {
  const tag = `{${root}:budgets}`;
  return {
    budgets: `${tag}/budgets`,
    reservations: `${tag}/reservations`,
    leases: `${tag}/leases`,
    reserved: `${tag}/reserved`,
    added: `${tag}/added`,
    spent: (period) => `${tag}/${period.length === 7 ? 'month' : 'day'}:${period}`,
    told: (period) => `${tag}/told:${period}`,
  };
}

/** Names of the UTC day and month of a time. */
export function periodsOf(atMs: number): { daily: string; monthly: string } {
  const iso = new Date(atMs).toISOString();
  return { daily: iso.slice(0, 10), monthly: iso.slice(0, 7) };
}
