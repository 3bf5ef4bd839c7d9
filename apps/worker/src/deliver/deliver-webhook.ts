import type { Config } from '@sluice/config';
import type { Delivery, NoticeEvent, ResponseEvent, WebhookEvent } from '@sluice/contracts';
import type { DeliveryMove, Lanes } from '@sluice/queue';
import type { Records } from '@sluice/records';
import type { Clock, Logger, Random } from '@sluice/runtime';
import {
  buildEvent,
  buildNotice,
  deliveryHeaders,
  responseEvent,
  thinEvent,
  type DeliveryLog,
  type DeliveryOutcome,
  type DeliverySchedule,
  type EndpointGate,
  type EndpointStore,
  type WebhookSender,
} from '@sluice/webhooks';

import { findTarget, type DeliveryTarget } from './delivery-target.ts';
import { logAttempt, logParked, wasDelivered } from './log-attempt.ts';
import { noteHealth } from './note-health.ts';
import type { WorkerMetrics } from '../worker-metrics.ts';

export interface DeliverWebhookDeps {
  config: Pick<Config, 'webhooks' | 'server'>;
  records: Records;
  lanes: Lanes;
  endpoints: EndpointStore;
  deliveryLog: DeliveryLog;
  gate: EndpointGate;
  schedule: DeliverySchedule;
  sender: WebhookSender;
  metrics: WorkerMetrics;
  clock: Clock;
  random: Random;
  log: Logger;
}

/** What one run of a delivery's ticket works on. */
export interface DeliveryRun {
  delivery: Delivery;
  /** 1 for the first POST on the schedule. */
  attempt: number;
  target: DeliveryTarget;
}

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

type Event = WebhookEvent | NoticeEvent | ResponseEvent;

/** An event and, of a job, its measurements. */
interface Told {
  event: Event;
  measured: Record<string, string>;
}

/** The event in full; thin where the endpoint wants that, or where it would be too large; in OpenAI's form where it asks so. */
async function whatToTell(
  { delivery, target }: DeliveryRun,
  { records, config }: DeliverWebhookDeps,
): Promise<Told | undefined> {
  if (delivery.notice) {
    return { event: buildNotice(delivery.eventId, delivery.notice), measured: {} };
  }
  const record = await records.read(delivery.jobId ?? '');
  if (!record) return undefined;
  const event = buildEvent(record, delivery.eventId);
  const measured = deliveryHeaders(event);
  const response = responseEvent(record, delivery.eventId, target.endpoint?.events ?? []);
  if (response) return { event: response, measured };
  const bytes = Buffer.byteLength(JSON.stringify(event));
  if (target.payload === 'full' && bytes <= config.webhooks.maxPayloadBytes) {
    return { event, measured };
  }
  const url = `${config.server.publicUrl ?? ''}/v1/jobs/${record.jobId}`;
  return { event: thinEvent(event, url), measured };
}

async function post(
  { target }: DeliveryRun,
  { event, measured }: Told,
  { sender }: DeliverWebhookDeps,
  signal: AbortSignal,
): Promise<DeliveryOutcome> {
  return sender.deliver(
    { url: target.url, secret: target.secrets, event, headers: { ...target.headers, ...measured } },
    signal,
  );
}

async function settle(
  run: DeliveryRun,
  event: Event,
  outcome: DeliveryOutcome,
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
