import { hash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { classifyFault, replaceAnswer } from '../faults/replace-answer.ts';
import { ShapedWire } from '../faults/shaped-wire.ts';
import type { ShapingFault } from '../faults/shaped-wire.ts';
import type { World } from '../world.ts';
import type { Call, Reply } from './call.ts';
import type { Dialect, PreparedCall, Refusal, Route } from './dialect.ts';
import { Exchange, withLength } from './exchange.ts';
import { readBody } from './read-body.ts';
import { createRouter } from './router.ts';
import { PlainWire } from './wire.ts';

/** A request target split at the question mark. */
export type Target = { path: string; query: URLSearchParams };

/** Answers one request; resolves when the caller's side of it is over. */
export type CallHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  target: Target,
) => Promise<void>;

/** The way of every call: arrive, validate, admit under the limits, meet a fault, be answered. */
export function createCallHandler(world: World, dialect: Dialect): CallHandler {
  const findRoute = createRouter(dialect.routes);
  let calls = 0;
  return async (request, response, target) => {
    const arrivedAt = world.clock.now();
    const method = request.method ?? 'GET';
    const ledger = world.ledger.open({
      arrivedAt,
      dialect: dialect.name,
      method,
      path: target.path,
    });
    const body = await readBody(request);
    if (body === 'gone') return ledger.settle({ outcome: 'aborted' });
    const key = dialect.readKey(request.headers, target.query);
    const match = findRoute(method, target.path.slice(dialect.prefix.length));
    calls += 1;
    const call: Call = {
      method,
      path: target.path,
      params: match?.params ?? {},
      query: target.query,
      headers: request.headers,
      body: body === 'too-large' ? Buffer.alloc(0) : body,
      json: body === 'too-large' ? undefined : parseJson(body),
      key,
      arrivedAt,
      requestId: `req_${calls.toString(16).padStart(24, '0')}`,
      limiter: world.limits.for(key),
      ledger,
    };
    describe(call, match?.route);
    const prepared =
      body === 'too-large'
        ? { refusal: dialect.error(413, call) }
        : await prepare(dialect, match?.route, call);
    await decide(world, dialect, { call, prepared, response });
  };
}

const NO_FAULT = { shapes: undefined, replaces: undefined };

type Decision = { call: Call; prepared: PreparedCall | Refusal; response: ServerResponse };

async function prepare(
  dialect: Dialect,
  route: Route | undefined,
  call: Call,
): Promise<PreparedCall | Refusal> {
  const refusal = route?.public === true ? undefined : dialect.authenticate(call);
  if (refusal !== undefined) return { refusal };
  if (route === undefined) return { refusal: dialect.error(404, call) };
  return route.prepare(call);
}

async function decide(world: World, dialect: Dialect, decision: Decision): Promise<void> {
  const { call, prepared, response } = decision;
  const { entry } = call.ledger;
  const headers = (): Record<string, string> => dialect.headers(call, world.clock.now());
  if ('refusal' in prepared) return refuse(decision, prepared.refusal, headers(), 'rejected');
  entry.model = prepared.model ?? null;
  if (entry.paid) {
    const { reservedTokens = 0, inputTokens } = prepared;
    entry.reservedTokens = reservedTokens + (inputTokens ?? 0);
    const violation = call.limiter.admit(call.arrivedAt, reservedTokens, inputTokens);
    if (violation !== undefined) {
      return refuse(decision, dialect.limited(violation, call), headers(), 'limited');
    }
  }
  const fault = world.faults.take(entry, call.body);
  entry.fault = fault?.kind ?? null;
  const { shapes, replaces } = fault === undefined ? NO_FAULT : classifyFault(fault);
  const exchange = new Exchange({
    call,
    clock: world.clock,
    response,
    wire: shapes && shapedWire(shapes, { world, dialect, call, response }),
    headers,
    onSettled: () => {
      if (entry.paid) call.limiter.release();
    },
  });
  if (replaces === undefined) return prepared.answer(exchange);
  return replaceAnswer(replaces, exchange, {
    response,
    error: (status) => dialect.error(status, call),
    streamKeepAlive: prepared.stream === true ? dialect.streamKeepAlive : '',
    streamContentType: dialect.streamContentType,
  });
}

function refuse(
  { call, response }: Decision,
  reply: Reply,
  headers: Record<string, string>,
  outcome: 'rejected' | 'limited',
): void {
  call.ledger.entry.status = reply.status;
  call.ledger.settle({ outcome });
  if (response.destroyed) return;
  const all = { 'content-type': 'application/json', ...headers, ...reply.headers };
  response.writeHead(reply.status, withLength(all, reply.body));
  response.end(reply.body);
}

function shapedWire(
  fault: ShapingFault,
  {
    world,
    dialect,
    call,
    response,
  }: { world: World; dialect: Dialect; call: Call; response: ServerResponse },
): ShapedWire {
  const left = new AbortController();
  response.once('close', () => left.abort());
  return new ShapedWire(fault, new PlainWire(response), {
    clock: world.clock,
    signal: left.signal,
    keepAlive: dialect.streamKeepAlive,
    errorEvent: dialect.errorEvent,
    errorBody: () => dialect.error(500, call).body,
  });
}

function describe(call: Call, route: Route | undefined): void {
  const { entry } = call.ledger;
  if (route !== undefined) {
    entry.kind = route.kind;
    entry.paid = route.paid;
  }
  entry.key = call.key === '' ? null : call.key;
  entry.bodySha256 = call.body.length === 0 ? null : hash('sha256', call.body, 'hex');
  entry.jobTag = readJobTag(call);
}

function readJobTag({ headers, json }: Call): string | null {
  const header = headers['x-sluice-job-id'];
  if (typeof header === 'string') return header;
  if (typeof json !== 'object' || json === null) return null;
  const metadata: unknown = 'metadata' in json ? json.metadata : undefined;
  if (typeof metadata === 'object' && metadata !== null && 'job_id' in metadata) {
    return String(metadata.job_id);
  }
  return 'user' in json && typeof json.user === 'string' ? json.user : null;
}

function parseJson(body: Buffer): unknown {
  if (body.length === 0) return undefined;
  try {
    return JSON.parse(body.toString());
  } catch {
    return undefined;
  }
}
