import type { Request, Response } from 'express';
import type { z } from 'zod';

import { parseWireBody } from '@sluice/config';
import { SluiceError } from '@sluice/contracts';
import { endUser, refuseForeignUser, userAtDify } from '@sluice/dify';

import type { ApiDeps } from '../deps.ts';
import { readQuery } from '../http/query.ts';
import { readJson } from '../http/read-json.ts';
import { replyJson, replyNothing } from '../http/reply.ts';
import { callerOf } from '../middleware/authenticate.ts';
import type { AppQuestion } from './app-client.ts';
import { chooseApp, type Family } from './choose-app.ts';

/** A value of the query as Dify takes it. @throws SluiceError `invalid_request` that names the parameter. */
export type QueryCheck = (param: string, value: string) => string;

/** A call of Dify's API that Sluice hands on. */
export interface PassedCall {
  method: AppQuestion['method'];
  /** Dify's path; `:name` is the part of that name of the route's own path, an id of Dify. */
  path: string;
  /** Of which apps; absent: of any. */
  family?: Family;
  /** What the query may have beside `user`, of a call without body. */
  query?: Readonly<Record<string, QueryCheck>>;
  body?: z.ZodType<{ user: string }>;
  /** Whether Dify asks a model for the answer. */
  asksModel?: true;
  /** What follows when Dify has done it. */
  after?(ids: Ids, tenantId: string, deps: ApiDeps): Promise<void>;
}

type Ids = Readonly<Record<string, string>>;

/** What a client has sent. */
interface Given {
  user: string;
  query?: Record<string, string>;
  body?: Record<string, unknown>;
}

/**
 * A route that asks Dify what it is asked and answers what Dify answers, without a job. Dify shows what is the user's, and a user
 * of one tenant is nobody else's; where an answer names the user it is by the name that the client knows.
 */
export function passRoute(call: PassedCall) {
  return (deps: ApiDeps) =>
    async (request: Request, response: Response): Promise<void> => {
      const { tenantId } = callerOf(response);
      const app = chooseApp(request.headers, call.family, deps.config);
      const ids = idsIn(request.params);
      const given = await readGiven(request, call, deps);
      await refuseForeignUser(tenantId, given.user, deps.tenants);
      const user = userAtDify(tenantId, given.user);
      const said = await ask(app.name, questionOf(call, ids, { ...given, user }), deps);
      await call.after?.(ids, tenantId, deps);
      if (said === undefined) return replyNothing(response);
      replyJson(response, 200, JSON.stringify(said, naming(user, given.user)));
    };
}

async function readGiven(request: Request, call: PassedCall, deps: ApiDeps): Promise<Given> {
  if (call.body) {
    const body = parseWireBody(await readJson(request, deps.config.server.maxBodyBytes), call.body);
    return { user: body.user, body };
  }
  const checks = call.query ?? {};
  const { user = '', ...values } = readQuery(request, ['user', ...Object.keys(checks)]);
  if (!endUser.safeParse(user).success) {
    throw refuse('user', 'must be the end user, 1 to 255 characters');
  }
  const query: Record<string, string> = {};
  for (const [name, value] of Object.entries(values)) {
    // Clients send what they do not have as an empty text.
    if (value) query[name] = checks[name]?.(name, value) ?? value;
  }
  return { user, query };
}

function questionOf(
  { method, path, asksModel }: PassedCall,
  ids: Ids,
  { user, query, body }: Given,
): AppQuestion {
  return {
    method,
    path: path.replace(/:([a-z]+)/g, (_, name: string) => ids[name] ?? ''),
    ...(body ? { body: { ...body, user } } : { query: { ...query, user } }),
    asksModel,
  };
}

/** What Dify does not have, or not for this user, is not there. */
async function ask(app: string, question: AppQuestion, { apps }: ApiDeps): Promise<unknown> {
  try {
    return await apps.ask(app, question);
  } catch (error) {
    if (!(error instanceof SluiceError) || error.code !== 'upstream_not_found') throw error;
    const { message, upstreamCode } = error;
    throw new SluiceError('not_found', message, { upstreamCode, cause: error });
  }
}

/** The ids of a path. Nothing else may become a part of a path at Dify. */
function idsIn(params: Request['params']): Ids {
  const ids = Object.entries(params).map(([name, value]) => [name, String(value)] as const);
  for (const [name, id] of ids) {
    if (uuid.test(id)) continue;
    const why = `"${id.slice(0, 80)}" is no id of Dify; what the cache has answered is not there`;
    throw new SluiceError('not_found', `${name}: ${why}`, { param: name });
  }
  return Object.fromEntries(ids);
}

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** An id in a query. */
export const asId: QueryCheck = (param, value) => {
  if (uuid.test(value)) return value;
  throw refuse(param, `must be an id of Dify, a UUID; got "${value.slice(0, 80)}"`);
};

/** For `JSON.stringify`: wherever the user stands whom Dify knows, the client's own name of them. */
function naming(user: string, name: string): (key: string, value: unknown) => unknown {
  return (_key, value) => (value === user ? name : value);
}

function refuse(param: string, why: string): SluiceError {
  return new SluiceError('invalid_request', `${param}: ${why}`, { param });
}
