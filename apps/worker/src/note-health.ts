import { matchesEvent } from '@sluice/contracts';
import { addDelivery } from '@sluice/queue';
import { deliveryIdOf, type DeliveryOutcome, type Endpoint } from '@sluice/webhooks';

import type { DeliverWebhookDeps } from './deliver-webhook.ts';

/**
 * Notes how an endpoint does and disables it after a 410, or after days of nothing but failures. The tenant's other
 * endpoints are told first, under an id that the failure gives: a crash in between tells nobody twice and nobody never.
 */
export async function noteHealth(
  endpoint: Endpoint,
  outcome: DeliveryOutcome,
  deps: DeliverWebhookDeps,
): Promise<void> {
  const how = outcomeOf(outcome);
  const health = await deps.endpoints.note(endpoint, how, deps.config.webhooks.disableAfterMs);
  if (health.kind === 'fine') return;
  const { reason, sinceMs } = health;
  const eventId = `evt_${endpoint.id.replace(/^wh_/, '')}_${sinceMs}`;
  const notice = {
    type: 'endpoint.disabled',
    atMs: deps.clock.now(),
    about: endpoint.id,
    reason,
  } as const;
  const others = await deps.endpoints.list(endpoint.tenantId);
  for (const { id, tenantId, enabled, events } of others) {
    const wants = events.some((pattern) => matchesEvent(pattern, notice.type));
    if (!enabled || !wants || id === endpoint.id) continue;
    const deliveryId = deliveryIdOf(eventId, id);
    await deps.deliveryLog.write(
      { tenantId, deliveryId, eventType: notice.type, notice },
      { state: 'pending', onlyNew: true },
    );
    await addDelivery(
      deps.lanes,
      { eventId, notice, endpoint: { tenantId, endpointId: id } },
      { shard: 0, attempts: deps.schedule.attempts, ticketId: deliveryId },
    );
  }
  await deps.endpoints.disable(endpoint, reason);
  deps.log.warn({ endpointId: endpoint.id, reason }, 'webhook endpoint disabled');
}

function outcomeOf(outcome: DeliveryOutcome): 'delivered' | 'failed' | 'gone' {
  if (outcome.kind === 'delivered') return 'delivered';
  return outcome.kind === 'rejected' && outcome.reason === 'gone' ? 'gone' : 'failed';
}
