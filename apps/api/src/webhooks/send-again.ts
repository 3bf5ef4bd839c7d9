import type { Delivery, DeliveryView, Notice } from '@sluice/contracts';
import { addDelivery } from '@sluice/queue';
import { shardOf } from '@sluice/records';
import { newId } from '@sluice/runtime';
import { deliveryIdOf, type Endpoint } from '@sluice/webhooks';

import type { ApiDeps } from '../deps.ts';

export type SendDeps = Pick<ApiDeps, 'lanes' | 'deliveryLog' | 'clock' | 'config'>;

/**
 * Sends an event to its endpoint again, with the same id, beside whatever the schedule still has in store for it: receivers
 * tell a second one by its `webhook-id`. Events that no job made are sent as what they were.
 */
export async function sendAgain(
  tenantId: string,
  delivery: DeliveryView,
  deps: SendDeps,
): Promise<void> {
  const { id, job_id: jobId } = delivery;
  const notice = await deps.deliveryLog.noticeOf(tenantId, id);
  await send(tenantId, delivery, { jobId, notice, ticketId: `${id}-${again(deps)}` }, deps);
}

function again({ clock }: SendDeps): string {
  return newId('again', clock.now());
}

interface Sent {
  jobId?: string | undefined;
  notice?: Notice | undefined;
  ticketId: string;
}

async function send(
  tenantId: string,
  delivery: DeliveryView,
  { jobId, notice, ticketId }: Sent,
  deps: SendDeps,
): Promise<void> {
  const { id, event_id: eventId, event_type: eventType, webhook_id: endpointId } = delivery;
  const facts = { tenantId, deliveryId: id, eventType, jobId, notice };
  await deps.deliveryLog.write(facts, { state: 'pending', nextTryAtMs: deps.clock.now() });
  const added: Delivery = {
    eventId,
    endpoint: { tenantId, endpointId },
    ...(jobId !== undefined && { jobId }),
    ...(notice && { notice }),
  };
  await addDelivery(deps.lanes, added, {
    shard: (jobId === undefined ? undefined : shardOf(jobId)) ?? 0,
    attempts: deps.config.webhooks.scheduleMs.length,
    ticketId,
  });
}

/** Sends a `webhook.test` event. */
export async function sendTest(endpoint: Endpoint, deps: SendDeps): Promise<DeliveryView> {
  const now = deps.clock.now();
  const eventId = newId('evt', now);
  const delivery: DeliveryView = {
    id: deliveryIdOf(eventId, endpoint.id),
    object: 'webhook_delivery',
    webhook_id: endpoint.id,
    event_id: eventId,
    event_type: 'webhook.test',
    state: 'pending',
    created_at: new Date(now).toISOString(),
    attempts: [],
  };
  const notice = { type: 'webhook.test', atMs: now, about: endpoint.id } as const;
  await send(endpoint.tenantId, delivery, { notice, ticketId: delivery.id }, deps);
  return delivery;
}
