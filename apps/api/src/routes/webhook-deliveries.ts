import type { Request, Response } from 'express';

import {
  deliveryStates,
  isTerminal,
  redeliverSince,
  rotateSecret,
  SluiceError,
  type DeliveryView,
} from '@sluice/contracts';
import { buildNotice, endpointView, eventFor, excerptOf, type Told } from '@sluice/webhooks';

import type { ApiDeps } from '../deps.ts';
import { parseBody, parseOptionalBody } from '../http/parse-body.ts';
import { oneOf, readQuery, wholeNumber } from '../http/query.ts';
import { replyJson } from '../http/reply.ts';
import { callerOf } from '../middleware/authenticate.ts';
import { sendAgain, sendTest } from '../webhooks/send-again.ts';
import { findEndpoint } from './webhooks.ts';

const maxPage = 100;
/** Events that one request sends again; more of them with a later `since`. */
const maxRedelivered = 1_000;

/**
 * `POST /v1/webhooks/:id/rotate-secret`: a new secret, shown this once. For `overlap_seconds` (a day by default) deliveries
 * carry two signatures, so that receivers can change over at any moment in it.
 */
export function rotateSecretRoute(deps: ApiDeps) {
  return async (request: Request, response: Response): Promise<void> => {
    const { tenantId, id } = await findEndpoint(request, response, deps);
    const rotation = await parseOptionalBody(request, rotateSecret);
    const endpoint = await deps.endpoints.rotateSecret(tenantId, id, rotation);
    if (!endpoint) throw new SluiceError('not_found', 'the endpoint is gone', { param: 'id' });
    const body = { ...endpointView(endpoint), secret: endpoint.secret };
    replyJson(response, 200, JSON.stringify(body));
  };
}

/** `POST /v1/webhooks/:id/test`: sends a `webhook.test` event; 202 with its delivery. */
export function testEndpointRoute(deps: ApiDeps) {
  return async (request: Request, response: Response): Promise<void> => {
    const delivery = await sendTest(await findEndpoint(request, response, deps), deps);
    replyJson(response, 202, JSON.stringify(delivery));
  };
}

/** `GET /v1/webhooks/:id/deliveries`: what became of every event, the newest first; filter `state`. */
export function listDeliveriesRoute(deps: ApiDeps) {
  return async (request: Request, response: Response): Promise<void> => {
    const query = readQuery(request, ['state', 'limit', 'after']);
    const { tenantId, id } = await findEndpoint(request, response, deps);
    const { deliveries, next } = await deps.deliveryLog.list(tenantId, id, {
      state: query.state === undefined ? undefined : oneOf('state', query.state, deliveryStates),
      limit: wholeNumber('limit', query.limit ?? '20', { from: 1, to: maxPage }),
      after: query.after,
    });
    const page = { data: deliveries, has_more: next !== undefined, next_cursor: next ?? null };
    replyJson(response, 200, JSON.stringify({ object: 'list', ...page }));
  };
}

/**
 * `POST /v1/webhooks/:id/redeliver`: sends again what was not delivered (with `all` also what was) of the events since a
 * time, 1,000 at most; `has_more` says that there were more. Events keep their ids.
 */
export function redeliverSinceRoute(deps: ApiDeps) {
  return async (request: Request, response: Response): Promise<void> => {
    const { since, all } = await parseBody(request, redeliverSince);
    const { tenantId, id } = await findEndpoint(request, response, deps);
    const filter = { sinceMs: Date.parse(since), limit: maxRedelivered };
    const { deliveries, next } = await deps.deliveryLog.list(tenantId, id, filter);
    const wanted = deliveries.filter(({ state }) => all || state !== 'delivered');
    await Promise.all(wanted.map((delivery) => sendAgain(tenantId, delivery, deps)));
    const body = { object: 'redelivery', count: wanted.length, has_more: next !== undefined };
    replyJson(response, 202, JSON.stringify(body));
  };
}

/** `GET /v1/deliveries/:id`: one event on its way to one endpoint, with the start of the body that an attempt has. */
export function getDeliveryRoute(deps: ApiDeps) {
  return async (request: Request, response: Response): Promise<void> => {
    const delivery = await findDelivery(request, response, deps);
    const body = await bodyOf(delivery, callerOf(response).tenantId, deps);
    const excerpt = body && { request_body_excerpt: excerptOf(Buffer.from(JSON.stringify(body))) };
    replyJson(response, 200, JSON.stringify({ ...delivery, ...excerpt }));
  };
}

/** What an attempt made now would send; `undefined` when the job or the endpoint is gone. */
async function bodyOf(
  { id, job_id: jobId, event_id: eventId, webhook_id: endpointId }: DeliveryView,
  tenantId: string,
  { deliveryLog, records, endpoints, config }: ApiDeps,
): Promise<Told['event'] | undefined> {
  const notice = await deliveryLog.noticeOf(tenantId, id);
  if (notice) return buildNotice(eventId, notice);
  const record = jobId === undefined ? undefined : await records.read(jobId);
  const endpoint = await endpoints.find(tenantId, endpointId);
  if (record?.tenantId !== tenantId || !endpoint || !isTerminal(record.state)) return undefined;
  return eventFor(record, eventId, {
    payload: endpoint.payload,
    events: endpoint.events,
    maxPayloadBytes: config.webhooks.maxPayloadBytes,
    publicUrl: config.server.publicUrl,
  }).event;
}

/** `POST /v1/deliveries/:id/redeliver`: sends one event again, whatever became of it; 202 with the delivery. */
export function redeliverRoute(deps: ApiDeps) {
  return async (request: Request, response: Response): Promise<void> => {
    const delivery = await findDelivery(request, response, deps);
    await sendAgain(callerOf(response).tenantId, delivery, deps);
    replyJson(response, 202, JSON.stringify({ ...delivery, state: 'pending' }));
  };
}

/** @throws SluiceError `not_found` when the tenant has no delivery of the id in the path. */
async function findDelivery(
  request: Request,
  response: Response,
  { deliveryLog }: ApiDeps,
): Promise<DeliveryView> {
  const id = String(request.params['id']);
  const delivery = await deliveryLog.find(callerOf(response).tenantId, id);
  if (delivery) return delivery;
  const message = `there is no delivery "${id.slice(0, 120)}"`;
  throw new SluiceError('not_found', message, { param: 'id' });
}
