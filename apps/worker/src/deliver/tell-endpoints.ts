import { matchesEvent, type OutboxEntry } from '@sluice/contracts';
import { addDelivery, type Lanes } from '@sluice/queue';
import type { Records } from '@sluice/records';
import {
  deliveryIdOf,
  responseEvent,
  type DeliveryLog,
  type Endpoint,
  type EndpointStore,
} from '@sluice/webhooks';

export interface TellEndpointsDeps {
  records: Records;
  lanes: Lanes;
  endpoints: EndpointStore;
  deliveryLog: DeliveryLog;
  /** How often an event is sent before it is given up. */
  deliveryAttempts: number;
}

/**
 * Adds one delivery for everybody who wants to know of the end of a job: its own webhook, and the tenant's endpoints that ask
 * for events of its kind. Done twice it adds nothing. What ends while Sluice itself has disabled an endpoint is parked for
 * it; one that its owner disabled gets nothing.
 */
export async function tellEndpoints(
  { eventId, jobId }: OutboxEntry,
  shard: number,
  deps: TellEndpointsDeps,
): Promise<void> {
  const job = await deps.records.readSummary(jobId);
  if (!job) return;
  const options = { shard, attempts: deps.deliveryAttempts };
  if (job.webhook)
    await addDelivery(deps.lanes, { eventId, jobId }, { ...options, ticketId: eventId });
  // How a response ended is in its result.
  const ended = job.response?.background ? await deps.records.readWithoutInput(jobId) : job;
  const typeFor = ({ events }: Endpoint) =>
    responseEvent(ended ?? job, eventId, events)?.type ?? `${job.type}.${job.state}`;
  const provider = job.attempts.at(-1)?.provider;
  const endpoints = job.batch ? [] : await deps.endpoints.list(job.tenantId);
  const wanting = endpoints.filter((endpoint) => wants(endpoint, typeFor(endpoint), provider));
  await Promise.all(
    wanting.map(async (endpoint) => {
      const { id: endpointId, tenantId, enabled } = endpoint;
      const eventType = typeFor(endpoint);
      const deliveryId = deliveryIdOf(eventId, endpointId);
      const facts = { tenantId, deliveryId, eventType, jobId };
      const state = enabled ? 'pending' : 'parked';
      await deps.deliveryLog.write(facts, { state, onlyNew: true });
      if (!enabled) return;
      const added = { eventId, jobId, endpoint: { tenantId, endpointId } };
      await addDelivery(deps.lanes, added, { ...options, ticketId: deliveryId });
    }),
  );
}

function wants(endpoint: Endpoint, eventType: string, provider: string | undefined): boolean {
  if (!endpoint.enabled && endpoint.disabledReason === 'owner') return false;
  if (endpoint.provider !== null && endpoint.provider !== provider) return false;
  return endpoint.events.some((pattern) => matchesEvent(pattern, eventType));
}
