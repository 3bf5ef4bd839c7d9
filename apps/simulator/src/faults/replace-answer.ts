import type { ServerResponse } from 'node:http';
import type { Reply } from '../server/call.ts';
import type { Exchange } from '../server/exchange.ts';
import { PlainWire } from '../server/wire.ts';
import type { Fault } from './fault-schema.ts';
import type { ShapingFault } from './shaped-wire.ts';

/** Faults that stand in for the answer: no work is done upstream. */
export type ReplacingFault = Extract<Fault, { kind: 'status' | 'hang' | 'reset' | 'keep-alive' }>;

/** Tells a fault that stands in for the answer from one that shapes it. */
export function classifyFault(fault: Fault): { replaces?: ReplacingFault; shapes?: ShapingFault } {
  switch (fault.kind) {
    case 'status':
    case 'hang':
    case 'keep-alive':
      return { replaces: fault };
    case 'reset':
      return fault.afterBytes === undefined && fault.afterChunks === undefined
        ? { replaces: fault }
        : { shapes: fault };
    case 'truncate':
    case 'malformed-json':
    case 'content-type':
    case 'error-event':
    case 'slow-drip':
    case 'split':
      return { shapes: fault };
  }
}

/** What a replacing fault needs from the dialect. */
export type ReplacingTools = {
  response: ServerResponse;
  error(status: number): Reply;
  /** Empty for a call that did not ask for a stream: blank lines keep it alive then. */
  streamKeepAlive: string;
  /** Absent = an event stream. */
  streamContentType?: string | undefined;
};

/** Carries out a replacing fault to its end, and settles the call as `fault`. */
export async function replaceAnswer(
  fault: ReplacingFault,
  exchange: Exchange,
  tools: ReplacingTools,
): Promise<void> {
  switch (fault.kind) {
    case 'status':
      await exchange.sleep(fault.delayMs);
      await exchange.reply(statusReply(fault, exchange, tools));
      break;
    case 'hang':
      await clientLeft(exchange.signal);
      break;
    case 'reset':
      new PlainWire(tools.response).destroy();
      break;
    case 'keep-alive':
      await keepAlive(fault, exchange, tools);
      break;
  }
  exchange.settle('fault');
}

function statusReply(
  fault: Extract<Fault, { kind: 'status' }>,
  exchange: Exchange,
  tools: ReplacingTools,
): Reply {
  const own = tools.error(fault.status);
  const body = typeof fault.body === 'object' ? JSON.stringify(fault.body) : fault.body;
  const reply = { status: fault.status, body: body ?? own.body, headers: { ...own.headers } };
  const { headers } = reply;
  if (reply.body.trimStart().startsWith('<')) headers['content-type'] = 'text/html';
  if (fault.retryAfterSeconds !== undefined) {
    headers['retry-after'] = String(fault.retryAfterSeconds);
  }
  if (fault.retryAfterDateInMs !== undefined) {
    const atMs = exchange.clock.toEpochMs(exchange.clock.now()) + fault.retryAfterDateInMs;
    headers['retry-after'] = new Date(atMs).toUTCString();
  }
  Object.assign(headers, fault.headers);
  return reply;
}

async function keepAlive(
  fault: Extract<Fault, { kind: 'keep-alive' }>,
  exchange: Exchange,
  tools: ReplacingTools,
): Promise<void> {
  const { clock } = exchange;
  const endAt = clock.now() + (fault.durationMs ?? Infinity);
  const piece = tools.streamKeepAlive || '\n';
  exchange.startStream(tools.streamKeepAlive === '' ? 'application/json' : tools.streamContentType);
  while (exchange.open && clock.now() < endAt) {
    await exchange.send(piece);
    await exchange.sleep(Math.min(fault.intervalMs, endAt - clock.now()));
  }
  await exchange.endStream();
}

function clientLeft(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
