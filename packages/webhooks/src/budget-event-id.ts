import { createHash } from 'node:crypto';

/**
 * The id of the event that a share of a budget is spent. It follows from the share and its period alone: whoever tells of it,
 * and how often, sends the same `webhook-id`.
 */
export function budgetEventIdOf(share: { scope: string; period: string; percent: number }): string {
  const text = `${share.scope} ${share.period} ${share.percent}`;
  return `evt_${createHash('sha256').update(text).digest('hex').slice(0, 32)}`;
}
