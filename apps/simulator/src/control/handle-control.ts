import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import type { Target } from '../server/handle-call.ts';
import { readBody } from '../server/read-body.ts';
import type { ControlReply, ControlRoute } from './control-routes.ts';
import { describeIssues } from './describe-issues.ts';

/** Where the control plane lives. */
export const CONTROL_PREFIX = '/_sim';

/** Answers one request to the control plane. It is never limited and not in the ledger. */
export async function handleControl(
  request: IncomingMessage,
  response: ServerResponse,
  { target, routes }: { target: Target; routes: Map<string, ControlRoute> },
): Promise<void> {
  const body = await readBody(request);
  if (body === 'gone') return;
  const { status, body: reply } =
    body === 'too-large'
      ? failure(413, 'The body is too large.')
      : run(routes, { method: request.method ?? 'GET', target, body: body.toString() });
  if (response.destroyed) return;
  if (reply === undefined) response.writeHead(status).end();
  else
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(reply));
}

function run(
  routes: Map<string, ControlRoute>,
  { method, target, body }: { method: string; target: Target; body: string },
): ControlReply {
  const path = target.path.slice(CONTROL_PREFIX.length);
  const route = routes.get(`${method} ${path}`);
  if (route === undefined) {
    const known = [...routes.keys()].map((each) => each.replace(' ', ` ${CONTROL_PREFIX}`));
    return failure(404, `No route ${method} ${target.path}; there are ${known.join(', ')}`);
  }
  const json = parse(body);
  if (json === NOT_JSON) return failure(400, '(body): not valid JSON');
  const query = Object.fromEntries(target.query);
  try {
    return route({ body: json, query });
  } catch (error) {
    if (!(error instanceof z.ZodError)) throw error;
    return { status: 400, body: describeIssues(error, method === 'GET' ? query : json) };
  }
}

const NOT_JSON = Symbol('not JSON');

function parse(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return NOT_JSON;
  }
}

function failure(status: number, message: string): ControlReply {
  return { status, body: { error: { message, issues: [] } } };
}
