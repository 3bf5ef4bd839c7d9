import type { Delivery } from '@sluice/contracts';
import type { DeliveryMove } from '@sluice/queue';
import type { Records } from '@sluice/records';
import type { Logger } from '@sluice/runtime';
import { buildEvent, deliveryHeaders, type WebhookSender } from '@sluice/webhooks';

import type { WorkerMetrics } from './worker-metrics.ts';

export interface DeliverWebhookDeps {
  records: Records;
  sender: WebhookSender;
  metrics: WorkerMetrics;
  log: Logger;
}

/** One POST of one event. The body is made from the record each time, and signed anew; its id never changes. */
export async function deliverWebhook(
  delivery: Delivery,
  attempt: number,
  deps: DeliverWebhookDeps,
  signal: AbortSignal,
): Promise<DeliveryMove> {
  const record = await deps.records.read(delivery.jobId);
  if (!record?.webhook) return { kind: 'given_up', reason: 'the job was erased' };
  const event = buildEvent(record, delivery.eventId);
  const outcome = await deps.sender.deliver(
    {
      url: record.webhook.url,
      secret: record.webhook.secret,
      event,
      headers: deliveryHeaders(event),
    },
    signal,
  );
  deps.metrics.deliveries.inc({ outcome: outcome.kind });
  await deps.records.appendEvent(delivery.jobId, `webhook.${outcome.kind}`, {
    webhook_id: delivery.eventId,
    attempt,
    duration_ms: Math.round(outcome.durationMs),
    ...(outcome.status !== undefined && { status: outcome.status }),
    ...(outcome.kind !== 'delivered' && { reason: outcome.message }),
  });
  if (outcome.kind === 'delivered') return { kind: 'delivered' };
  deps.log.info(
    { jobId: delivery.jobId, attempt, status: outcome.status, outcome: outcome.kind },
    'webhook not delivered',
  );
  return outcome.kind === 'rejected'
    ? { kind: 'given_up', reason: outcome.message }
    : { kind: 'retry', reason: outcome.message, retryAfterMs: outcome.retryAfterMs };
}
