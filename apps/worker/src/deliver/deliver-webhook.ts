import type { Delivery } from '@sluice/contracts';
import type { DeliveryMove } from '@sluice/queue';
import { buildNotice, eventFor, type PostedDelivery, type Told } from '@sluice/webhooks';

import type { DeliverWebhookDeps } from './deliver-deps.ts';
import type { DeliveryRun } from './delivery-run.ts';
import { findTarget } from './delivery-target.ts';
import { logAttempt, logParked, wasDelivered } from './log-attempt.ts';
import { noteHealth } from './note-health.ts';

/**
 * One POST of one event to one endpoint, if it may have one now.
 *
 * | found                                   | then                                                               |
 * |-----------------------------------------|--------------------------------------------------------------------|
 * | the job or the endpoint is gone         | given up                                                           |
 * | the endpoint is disabled                | parked: enabling it sends it                                       |
 * | delivered meanwhile, by hand            | done                                                               |
 * | the endpoint has its share of POSTs     | comes back later; no attempt is burned                             |
 * | 2xx                                     | delivered                                                          |
 * | 410                                     | the endpoint is disabled, the event parked; a job's webhook: given up |
 * | anything else                           | again on the schedule, until that is used up                       |
 *
 * The body is made anew each time, and signed anew; its id never changes.
 */
export async function deliverWebhook(
  delivery: Delivery,
  attempt: number,
  deps: DeliverWebhookDeps,
  signal: AbortSignal,
): Promise<DeliveryMove> {
  const target = await findTarget(delivery, deps);
  if (!target) return { kind: 'given_up', reason: 'the job or the endpoint is gone' };
  const run: DeliveryRun = { delivery, attempt, target };
  if (target.endpoint?.enabled === false) {
    await logParked(run, deps);
    return { kind: 'given_up', reason: 'the endpoint is disabled' };
  }
  if (attempt > 1 && (await wasDelivered(run, deps))) return { kind: 'delivered' };
  const entry = deps.gate.enter(target.gateKey, deps.clock.now());
  if (entry.kind === 'wait') return { kind: 'defer', delayMs: entry.waitMs };
  const startedAtMs = deps.clock.now();
  let healthy = false;
  try {
    const told = await whatToTell(run, deps);
    if (!told) return { kind: 'given_up', reason: 'the job was erased' };
    const { event } = told;
    const outcome = await post(run, told, deps, signal);
    healthy = outcome.kind === 'delivered';
    return await settle(run, event, outcome, deps);
  } finally {
    entry.leave(deps.clock.now() - startedAtMs, healthy);
  }
}

async function whatToTell(
  { delivery: { eventId, jobId, notice }, target }: DeliveryRun,
  { records, config }: DeliverWebhookDeps,
): Promise<Told | undefined> {
  if (notice) return { event: buildNotice(eventId, notice), measured: {} };
  const record = await records.read(jobId ?? '');
  if (!record) return undefined;
  return eventFor(record, eventId, {
    payload: target.payload,
    events: target.endpoint?.events ?? [],
    maxPayloadBytes: config.webhooks.maxPayloadBytes,
    publicUrl: config.server.publicUrl,
  });
}

async function post(
  { target }: DeliveryRun,
  { event, measured }: Told,
  { sender }: DeliverWebhookDeps,
  signal: AbortSignal,
): Promise<PostedDelivery> {
  const { url, secrets: secret, headers } = target;
  return sender.deliver({ url, secret, event, headers, measured }, signal);
}

async function settle(
  run: DeliveryRun,
  event: Told['event'],
  outcome: PostedDelivery,
  deps: DeliverWebhookDeps,
): Promise<DeliveryMove> {
  const { delivery, attempt, target } = run;
  deps.metrics.deliveries.inc({ outcome: outcome.kind });
  const retryAfterMs = outcome.kind === 'retry' ? outcome.retryAfterMs : undefined;
  const delayMs =
    outcome.kind === 'retry'
      ? deps.schedule.delayBeforeAttemptMs(attempt + 1, deps.random, retryAfterMs)
      : undefined;
  await logAttempt(run, { event, outcome, delayMs }, deps);
  if (target.endpoint) await noteHealth(target.endpoint, outcome, deps);
  if (outcome.kind === 'delivered') return { kind: 'delivered' };
  const { jobId } = delivery;
  const line = { jobId, attempt, status: outcome.status, outcome: outcome.kind };
  deps.log.info({ ...line, endpointId: target.endpoint?.id }, 'webhook not delivered');
  return delayMs === undefined
    ? { kind: 'given_up', reason: outcome.message }
    : { kind: 'retry', reason: outcome.message, delayMs };
}
