import type { Request, Response } from 'express';

import {
  changeEndpoint,
  createEndpoint,
  registerEndpoint,
  SluiceError,
  type CreateEndpoint,
} from '@sluice/contracts';
import { checkUrl, parseAllowList } from '@sluice/runtime';
import { endpointView, type Endpoint } from '@sluice/webhooks';

import type { ApiDeps } from '../deps.ts';
import { parseBody } from '../http/parse-body.ts';
import { replyJson } from '../http/reply.ts';
import { callerOf } from '../middleware/authenticate.ts';
import { sendAgain } from '../webhooks/send-again.ts';

/** Parked events that enabling an endpoint sends in one request; the rest go with `POST …/redeliver`. */
const maxUnparked = 1_000;

/**
 * `POST /v1/webhooks`: an endpoint that is told of the tenant's jobs from now on. 201 with the secret, which is shown this
 * once; Sluice makes one where none is given.
 */
export function createEndpointRoute(deps: ApiDeps) {
  return async (request: Request, response: Response): Promise<void> => {
    await create(await parseBody(request, createEndpoint), 'url', response, deps);
  };
}

/** `POST /v1/webhooks/register`: the same in the words of other gateways: `{provider, callback_url, events}`. */
export function registerEndpointRoute(deps: ApiDeps) {
  return async (request: Request, response: Response): Promise<void> => {
    const body = await parseBody(request, registerEndpoint);
    const { callback_url: url, events, provider, secret } = body;
    const settings = createEndpoint.parse({ url, events, provider: provider ?? null, secret });
    await create(settings, 'callback_url', response, deps);
  };
}

async function create(
  settings: CreateEndpoint,
  urlParam: string,
  response: Response,
  { endpoints, config }: ApiDeps,
): Promise<void> {
  checkUrl(settings.url, parseAllowList(config.allowPrivateHosts), urlParam);
  const endpoint = await endpoints.create(callerOf(response).tenantId, settings);
  const body = { ...endpointView(endpoint), secret: endpoint.secret };
  replyJson(response, 201, JSON.stringify(body), { Location: `/v1/webhooks/${endpoint.id}` });
}

/** `GET /v1/webhooks`: the tenant's endpoints, the oldest first. */
export function listEndpointsRoute({ endpoints }: ApiDeps) {
  return async (_request: Request, response: Response): Promise<void> => {
    const data = (await endpoints.list(callerOf(response).tenantId)).map(endpointView);
    replyJson(response, 200, JSON.stringify({ object: 'list', data, has_more: false }));
  };
}

/** `GET /v1/webhooks/:id`. */
export function getEndpointRoute(deps: ApiDeps) {
  return async (request: Request, response: Response): Promise<void> => {
    const endpoint = await findEndpoint(request, response, deps);
    replyJson(response, 200, JSON.stringify(endpointView(endpoint)));
  };
}

/**
 * `PATCH /v1/webhooks/:id`: changes settings. `enabled: true` forgets why it was disabled and sends what was parked; what
 * `headers` says replaces all headers.
 */
export function changeEndpointRoute(deps: ApiDeps) {
  const allow = parseAllowList(deps.config.allowPrivateHosts);
  return async (request: Request, response: Response): Promise<void> => {
    const change = await parseBody(request, changeEndpoint);
    if (change.url !== undefined) checkUrl(change.url, allow, 'url');
    const before = await findEndpoint(request, response, deps);
    const endpoint = await deps.endpoints.change(before.tenantId, before.id, change);
    if (!endpoint) throw noEndpoint(before.id);
    if (!before.enabled && endpoint.enabled) await unpark(endpoint, deps);
    replyJson(response, 200, JSON.stringify(endpointView(endpoint)));
  };
}

async function unpark({ tenantId, id }: Endpoint, deps: ApiDeps): Promise<void> {
  const filter = { state: 'parked', limit: maxUnparked } as const;
  const { deliveries } = await deps.deliveryLog.list(tenantId, id, filter);
  await Promise.all(deliveries.map((delivery) => sendAgain(tenantId, delivery, deps)));
}

/** `DELETE /v1/webhooks/:id`: nothing more is sent to it; what is on its way is dropped. */
export function deleteEndpointRoute(deps: ApiDeps) {
  return async (request: Request, response: Response): Promise<void> => {
    const { id, tenantId } = await findEndpoint(request, response, deps);
    await deps.endpoints.remove(tenantId, id);
    replyJson(response, 200, JSON.stringify({ id, object: 'webhook_endpoint', deleted: true }));
  };
}

/**
 * The caller's endpoint that the path names. Another tenant's is as absent as one that never was.
 * @throws SluiceError `not_found`.
 */
export async function findEndpoint(
  request: Request,
  response: Response,
  { endpoints }: Pick<ApiDeps, 'endpoints'>,
): Promise<Endpoint> {
  const id = String(request.params['id']);
  const endpoint = await endpoints.find(callerOf(response).tenantId, id);
  if (!endpoint) throw noEndpoint(id);
  return endpoint;
}

function noEndpoint(id: string): SluiceError {
  const message = `there is no webhook endpoint "${id.slice(0, 80)}"`;
  return new SluiceError('not_found', message, { param: 'id' });
}
