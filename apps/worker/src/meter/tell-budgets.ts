import { defaultTenantId, type Notice } from '@sluice/contracts';
import {
  reachedShares,
  usdOf,
  type BudgetBook,
  type ReachedShare,
  type ToldShares,
} from '@sluice/metering';
import type { Clock, Logger } from '@sluice/runtime';
import { noticeEventIdOf } from '@sluice/webhooks';

import { tellOfNotice, type TellOfNoticeDeps } from '../deliver/tell-of-notice.ts';

export interface TellBudgetsDeps extends TellOfNoticeDeps {
  budgets: BudgetBook;
  toldShares: ToldShares;
  clock: Clock;
  log: Logger;
  /** How often an event is sent before it is given up. */
  deliveryAttempts: number;
}

const everyMs = 1_000;

/** Tells of budgets until `signal` aborts. Any number of processes may do so at once. */
export async function followBudgets(deps: TellBudgetsDeps, signal: AbortSignal): Promise<void> {
  const { clock, log } = deps;
  while (!signal.aborted) {
    await tellBudgets(deps).catch((error: unknown) => {
      if (!signal.aborted) log.warn({ err: error }, 'budgets were not told of; trying again');
    });
    await clock.sleep(everyMs, signal);
  }
}

/**
 * Tells of every share of a budget that is spent, once in its period. First the deliveries, whose ids follow from what they
 * tell, then the mark that they were added: a crash in between adds the same ones again, which adds nothing. What the meter
 * counts after the period has ended is told no more.
 */
export async function tellBudgets(deps: TellBudgetsDeps): Promise<void> {
  const { budgets, toldShares } = deps;
  for (const share of await toldShares.without(reachedShares(budgets.all()))) {
    await tellOfNotice(
      {
        tenantId: tenantOf(share),
        eventId: noticeEventIdOf(share.scope, share.period, share.percent),
        notice: noticeOf(share, deps.clock.now()),
        attempts: deps.deliveryAttempts,
      },
      deps,
    );
    await toldShares.add(share);
  }
}

/** A tenant's budget is the tenant's to know; a key's or a provider's is the operator's. */
function tenantOf({ scope }: ReachedShare): string {
  const [kind, id = ''] = scope.split(':');
  return kind === 'tenant' ? id : defaultTenantId;
}

function noticeOf({ scope, period, percent, limit, spent }: ReachedShare, atMs: number): Notice {
  return {
    type: percent === 100 ? 'budget.exceeded' : 'budget.threshold',
    atMs,
    about: scope,
    period,
    percent,
    limitUsd: usdOf(limit),
    spentUsd: usdOf(spent),
  };
}
