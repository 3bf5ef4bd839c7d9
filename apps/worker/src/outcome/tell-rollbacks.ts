import { defaultTenantId } from '@sluice/contracts';
import type { SplitBook } from '@sluice/routing';
import type { Clock, Logger } from '@sluice/runtime';
import { noticeEventIdOf } from '@sluice/webhooks';

import { tellOfNotice, type TellOfNoticeDeps } from '../deliver/tell-of-notice.ts';

export interface TellRollbacksDeps extends TellOfNoticeDeps {
  splits: SplitBook;
  clock: Clock;
  log: Logger;
  /** How often an event is sent before it is given up. */
  deliveryAttempts: number;
}

const everyMs = 1_000;

/** Tells of arms of splits that were rolled back until `signal` aborts; at once over where there is no split. */
export async function followRollbacks(deps: TellRollbacksDeps, signal: AbortSignal): Promise<void> {
  const { splits, clock, log } = deps;
  while (splits.view().length > 0 && !signal.aborted) {
    await tellRollbacks(deps).catch((error: unknown) => {
      if (!signal.aborted) log.warn({ err: error }, 'a roll-back was not told of; trying again');
    });
    await clock.sleep(everyMs, signal);
  }
}

/** Tells the operator's endpoints of each roll-back once, whoever told before and wherever it died. */
export async function tellRollbacks(deps: TellRollbacksDeps): Promise<void> {
  const { splits, deliveryAttempts: attempts } = deps;
  for (const { split, arm, atMs, reason } of await splits.untold()) {
    const eventId = noticeEventIdOf('split.rolled_back', split, arm, atMs);
    const notice = { type: 'split.rolled_back', atMs, about: split, arm, reason } as const;
    // There are none nearly always.
    // oxlint-disable-next-line no-await-in-loop
    await tellOfNotice({ tenantId: defaultTenantId, eventId, notice, attempts }, deps);
    // oxlint-disable-next-line no-await-in-loop
    await splits.markTold({ split, arm, atMs });
  }
}
