import { matchesEvent, type Notice } from '@sluice/contracts';
import { addDelivery, type Lanes } from '@sluice/queue';
import { deliveryIdOf, type DeliveryLog, type EndpointStore } from '@sluice/webhooks';

export interface TellOfNoticeDeps {
  lanes: Lanes;
  endpoints: EndpointStore;
  deliveryLog: DeliveryLog;
}

/** An event that no job made, and whom it is for. */
export interface NoticeToTell {
  tenantId: string;
  /** Follows from what the notice tells: the same one told twice is delivered once. */
  eventId: string;
  notice: Notice;
  /** How often it is sent before it is given up. */
  attempts: number;
}

/** Adds a delivery for each endpoint of the tenant that asks for it and is in use. Done twice it adds nothing. */
export async function tellOfNotice(
  { tenantId, eventId, notice, attempts }: NoticeToTell,
  { lanes, endpoints, deliveryLog }: TellOfNoticeDeps,
): Promise<void> {
  for (const { id, enabled, events } of await endpoints.list(tenantId)) {
    const wants = events.some((pattern) => matchesEvent(pattern, notice.type));
    if (!enabled || !wants || id === notice.about) continue;
    const deliveryId = deliveryIdOf(eventId, id);
    await deliveryLog.write(
      { tenantId, deliveryId, eventType: notice.type, notice },
      { state: 'pending', onlyNew: true },
    );
    await addDelivery(
      lanes,
      { eventId, notice, endpoint: { tenantId, endpointId: id } },
      { shard: 0, attempts, ticketId: deliveryId },
    );
  }
}
