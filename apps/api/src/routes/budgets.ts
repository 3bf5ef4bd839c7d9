import type { Request, Response } from 'express';

import { setBudget, SluiceError, type BudgetView } from '@sluice/contracts';
import {
  budgetKnownAfterMs,
  limitOf,
  periodsOf,
  usdOf,
  type BudgetPeriod,
  type BudgetState,
} from '@sluice/metering';

import type { ApiDeps } from '../deps.ts';
import { parseBody } from '../http/parse-body.ts';
import { replyJson } from '../http/reply.ts';
import { callerOf } from '../middleware/authenticate.ts';

type BudgetDeps = Pick<ApiDeps, 'apiKeys' | 'budgets' | 'clock' | 'config' | 'tenants'>;

/** `GET /v1/budgets`: what may be spent and what is. The operator sees all, others their tenant's and their key's. */
export function listBudgetsRoute({ budgets, clock }: BudgetDeps) {
  return async (_request: Request, response: Response): Promise<void> => {
    const { tenantId, keyId, scopes } = callerOf(response);
    await budgets.refresh();
    const own = [`tenant:${tenantId}`, `key:${keyId}`];
    const shown = budgets.all().filter(({ scope }) => scopes.has('admin') || own.includes(scope));
    const data = shown
      .toSorted((one, other) => (one.scope < other.scope ? -1 : 1))
      .map((state) => budgetView(state, clock.now()));
    replyJson(response, 200, JSON.stringify({ object: 'list', data, has_more: false }));
  };
}

/** `POST /v1/budgets`: sets the budget of a tenant, a key or a provider; in force everywhere when it is answered. */
export function setBudgetRoute(deps: BudgetDeps) {
  return async (request: Request, response: Response): Promise<void> => {
    const { scope: kind, id, ...budget } = await parseBody(request, setBudget);
    await assertThere(kind, id, deps);
    const scope = `${kind}:${id}`;
    await deps.budgets.set(scope, budget);
    const state = deps.budgets.all().find((each) => each.scope === scope);
    if (!state) throw new SluiceError('internal_error', `the budget of ${scope} is gone`);
    // Calls that begin before a worker knows of it set nothing aside.
    await deps.clock.sleep(budgetKnownAfterMs);
    replyJson(response, 200, JSON.stringify(budgetView(state, deps.clock.now())));
  };
}

/** `DELETE /v1/budgets/:scope/:id`: nothing limits its spending any more, or what the configuration says does. */
export function deleteBudgetRoute({ budgets }: BudgetDeps) {
  return async (request: Request, response: Response): Promise<void> => {
    const scope = `${String(request.params['scope'])}:${String(request.params['id'])}`;
    await budgets.refresh();
    if (!budgets.budgetOf(scope)) {
      const message = `id: there is no budget of "${scope.slice(0, 80)}"`;
      throw new SluiceError('not_found', message, { param: 'id' });
    }
    await budgets.set(scope, undefined);
    const [kind, id] = [request.params['scope'], request.params['id']];
    replyJson(response, 200, JSON.stringify({ object: 'budget', scope: kind, id, deleted: true }));
  };
}

async function assertThere(
  kind: 'tenant' | 'key' | 'provider',
  id: string,
  { apiKeys, config, tenants }: BudgetDeps,
): Promise<void> {
  const isThere = {
    tenant: async () => (await tenants.find(id)) !== undefined,
    key: async () => (await apiKeys.find(id)) !== undefined,
    provider: () => Promise.resolve(Object.hasOwn(config.providers, id)),
  };
  if (await isThere[kind]()) return;
  throw new SluiceError('not_found', `id: there is no ${kind} "${id}"`, { param: 'id' });
}

function budgetView(state: BudgetState, nowMs: number): BudgetView {
  const [kind = '', ...id] = state.scope.split(':');
  return {
    object: 'budget',
    // What setBudget and the configuration make.
    scope: kind as BudgetView['scope'],
    id: id.join(':'),
    limits: state.budget,
    daily: periodView(state, 'daily', nowMs),
    monthly: periodView(state, 'monthly', nowMs),
    reserved_usd: usdOf(state.reserved),
  };
}

function periodView(state: BudgetState, period: BudgetPeriod, nowMs: number) {
  const limit = limitOf(state.budget, period);
  const spent = state.spent[period];
  const left = limit === undefined ? undefined : limit > spent ? limit - spent : 0n;
  return {
    period: periodsOf(nowMs)[period],
    spent_usd: usdOf(spent),
    remaining_usd: left === undefined ? null : usdOf(left),
    resets_at: new Date(endOf(period, nowMs)).toISOString(),
  };
}

/** When the UTC day or month of a time is over, epoch ms. */
function endOf(period: BudgetPeriod, nowMs: number): number {
  const now = new Date(nowMs);
  const [year, month, day] = [now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate()];
  return period === 'daily' ? Date.UTC(year, month, day + 1) : Date.UTC(year, month + 1, 1);
}
