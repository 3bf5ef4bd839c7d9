import type { Config } from '@sluice/config';
import { findAnomalies, usdOf, type Anomaly, type UsageBook } from '@sluice/metering';
import type { Clock, Logger, Redis } from '@sluice/runtime';
import { noticeEventIdOf } from '@sluice/webhooks';

import { tellOfNotice, type TellOfNoticeDeps } from '../deliver/tell-of-notice.ts';

export interface TellAnomaliesDeps extends TellOfNoticeDeps {
  usage: Pick<UsageBook, 'sum'>;
  redis: Redis;
  config: Pick<Config, 'root' | 'usage'>;
  clock: Clock;
  log: Logger;
  /** How often an event is sent before it is given up. */
  deliveryAttempts: number;
}

const everyMs = 60_000;
const hourMs = 3_600_000;

/** Looks for tenants that spend far more than usual, once a minute until `signal` aborts. Any number of processes may. */
export async function followAnomalies(deps: TellAnomaliesDeps, signal: AbortSignal): Promise<void> {
  const { clock, log } = deps;
  while (!signal.aborted) {
    await tellAnomalies(deps).catch((error: unknown) => {
      if (!signal.aborted) log.warn({ err: error }, 'anomalies were not looked for; trying again');
    });
    await clock.sleep(everyMs, signal);
  }
}

/**
 * Tells of each anomaly, and of one tenant once in an hour. First the deliveries, whose ids follow from tenant and hour, then the
 * mark: a crash in between adds the same ones again, which adds nothing.
 */
export async function tellAnomalies(deps: TellAnomaliesDeps): Promise<void> {
  const { usage, config, clock, redis, log } = deps;
  const nowMs = clock.now();
  for (const anomaly of await findAnomalies(usage, config.usage.anomaly, nowMs)) {
    const { tenantId } = anomaly;
    const mark = `{${config.root}:usage}/anomaly:${tenantId}`;
    // There are none nearly always, and few else.
    // oxlint-disable-next-line no-await-in-loop
    if ((await redis.exists(mark)) === 1) continue;
    const eventId = noticeEventIdOf('spend.anomaly', tenantId, Math.floor(nowMs / hourMs));
    const notice = noticeOf(anomaly, nowMs);
    log.warn({ tenantId, ...notice }, 'a tenant spends far more than usual');
    // oxlint-disable-next-line no-await-in-loop
    await tellOfNotice({ tenantId, eventId, notice, attempts: deps.deliveryAttempts }, deps);
    // oxlint-disable-next-line no-await-in-loop
    await redis.set(mark, nowMs, 'PX', hourMs);
  }
}

function noticeOf({ tenantId, spent, usual }: Anomaly, atMs: number) {
  const [spentUsd, usualUsd] = [usdOf(spent), usdOf(usual)];
  return { type: 'spend.anomaly', atMs, about: tenantId, spentUsd, usualUsd } as const;
}
