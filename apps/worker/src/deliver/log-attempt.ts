import {
  deliveryIdOf,
  type DeliveryFacts,
  type DeliveryOutcome,
  type PostedDelivery,
  type Told,
} from '@sluice/webhooks';

import type { DeliverWebhookDeps } from './deliver-deps.ts';
import type { DeliveryRun } from './delivery-run.ts';

type LogDeps = Pick<DeliverWebhookDeps, 'records' | 'deliveryLog' | 'clock'>;

interface Ended {
  event: Told['event'];
  outcome: PostedDelivery;
  /** Until the next attempt; `undefined` when there is none. */
  delayMs: number | undefined;
}

/** Keeps what a POST came to: an endpoint's in its delivery log, a job's own webhook's in the job's timeline. */
export async function logAttempt(run: DeliveryRun, ended: Ended, deps: LogDeps): Promise<void> {
  const { outcome, delayMs, event } = ended;
  const facts = factsOf(run, event.type);
  if (!facts) {
    await appendToTimeline(run, outcome, deps);
    return;
  }
  const now = deps.clock.now();
  await deps.deliveryLog.write(facts, {
    state: stateOf(outcome, delayMs),
    ...(delayMs !== undefined && { nextTryAtMs: now + delayMs }),
    attempt: {
      at: new Date(now - outcome.durationMs).toISOString(),
      url: run.target.url,
      request_headers: outcome.requestHeaders,
      request_bytes: outcome.requestBytes,
      duration_ms: Math.round(outcome.durationMs),
      outcome: outcome.kind,
      ...(outcome.status !== undefined && { status: outcome.status }),
      ...(outcome.kind !== 'delivered' && { message: outcome.message }),
      ...(outcome.excerpt !== undefined && { response_excerpt: outcome.excerpt }),
    },
  });
}

/** The endpoint is disabled: the event waits until it is enabled again. */
export async function logParked(run: DeliveryRun, deps: LogDeps): Promise<void> {
  const { delivery } = run;
  const job =
    delivery.jobId === undefined ? undefined : await deps.records.readSummary(delivery.jobId);
  const type = delivery.notice?.type ?? (job ? `${job.type}.${job.state}` : '');
  const facts = factsOf(run, type);
  if (facts) await deps.deliveryLog.write(facts, { state: 'parked' });
}

/** Whether the event got through since, by a redelivery that somebody asked for. */
export async function wasDelivered(run: DeliveryRun, deps: LogDeps): Promise<boolean> {
  const facts = factsOf(run, '');
  if (!facts) return false;
  return (await deps.deliveryLog.find(facts.tenantId, facts.deliveryId))?.state === 'delivered';
}

function factsOf({ delivery }: DeliveryRun, eventType: string): DeliveryFacts | undefined {
  const { endpoint, eventId, jobId } = delivery;
  if (!endpoint) return undefined;
  const deliveryId = deliveryIdOf(eventId, endpoint.endpointId);
  return { tenantId: endpoint.tenantId, deliveryId, eventType, jobId };
}

/** After a 410 the endpoint is disabled, and what was on its way waits for it to be enabled. */
function stateOf(
  outcome: DeliveryOutcome,
  delayMs: number | undefined,
): 'delivered' | 'pending' | 'parked' | 'failed' {
  if (outcome.kind === 'delivered') return 'delivered';
  if (outcome.kind === 'rejected' && outcome.reason === 'gone') return 'parked';
  return delayMs === undefined ? 'failed' : 'pending';
}

async function appendToTimeline(
  { delivery, attempt }: DeliveryRun,
  outcome: DeliveryOutcome,
  { records }: LogDeps,
): Promise<void> {
  await records.appendEvent(delivery.jobId ?? '', `webhook.${outcome.kind}`, {
    webhook_id: delivery.eventId,
    attempt,
    duration_ms: Math.round(outcome.durationMs),
    ...(outcome.status !== undefined && { status: outcome.status }),
    ...(outcome.kind !== 'delivered' && { reason: outcome.message }),
  });
}
