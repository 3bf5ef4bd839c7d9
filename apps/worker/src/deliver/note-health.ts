import type { DeliveryOutcome, Endpoint } from '@sluice/webhooks';

import type { DeliverWebhookDeps } from './deliver-deps.ts';
import { tellOfNotice } from './tell-of-notice.ts';

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
  const { tenantId } = endpoint;
  await tellOfNotice({ tenantId, eventId, notice, attempts: deps.schedule.attempts }, deps);
  await deps.endpoints.disable(endpoint, reason);
  deps.log.warn({ endpointId: endpoint.id, reason }, 'webhook endpoint disabled');
}

function outcomeOf(outcome: DeliveryOutcome): 'delivered' | 'failed' | 'gone' {
  if (outcome.kind === 'delivered') return 'delivered';
  return outcome.kind === 'rejected' && outcome.reason === 'gone' ? 'gone' : 'failed';
}
