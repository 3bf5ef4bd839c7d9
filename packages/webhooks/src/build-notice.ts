import type { BudgetEventData, Notice, NoticeEvent } from '@sluice/contracts';

/** The event of a notice. Pure: the same notice gives the same event on every attempt. */
export function buildNotice(eventId: string, notice: Notice): NoticeEvent {
  const timestamp = new Date(notice.atMs).toISOString();
  const { type, about } = notice;
  switch (type) {
    case 'webhook.test':
      return { id: eventId, type, timestamp, data: { endpoint_id: about } };
    case 'endpoint.disabled':
      return {
        id: eventId,
        type,
        timestamp,
        data: { endpoint_id: about, reason: notice.reason },
      };
    case 'budget.threshold':
    case 'budget.exceeded':
      return { id: eventId, type, timestamp, data: budgetData(notice) };
    case 'spend.anomaly': {
      const { spentUsd: spent_usd, usualUsd: usual_usd } = notice;
      return { id: eventId, type, timestamp, data: { tenant_id: about, spent_usd, usual_usd } };
    }
    case 'split.rolled_back': {
      const { arm, reason } = notice;
      return { id: eventId, type, timestamp, data: { split: about, arm, reason } };
    }
  }
}

type BudgetNotice = Extract<Notice, { percent: number }>;

function budgetData({ about, period, percent, limitUsd, spentUsd }: BudgetNotice): BudgetEventData {
  // The name of a provider may have colons of its own.
  const [scope, ...id] = about.split(':');
  return {
    // What a budget is about is `<kind>:<id>`.
    scope: scope as BudgetEventData['scope'],
    id: id.join(':'),
    period,
    percent,
    limit_usd: limitUsd,
    spent_usd: spentUsd,
  };
}
