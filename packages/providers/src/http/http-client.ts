import type { Target } from '@sluice/config';
import { systemClock, type Clock } from '@sluice/runtime';
import { Agent, type Dispatcher } from 'undici';

import type { RemainingReport } from './remaining.ts';

/** What every adapter calls upstreams with. */
export interface HttpClient {
  dispatcher: Dispatcher;
  clock: Clock;
  onRemaining?: OnRemaining | undefined;
}

/** Told what an upstream says is left of its limits, as soon as the head of a reply is there. Must not throw. */
export type OnRemaining = (target: Target, reports: RemainingReport[]) => void;

const connectTimeoutMs = 10_000;
/** Per origin. The lanes decide how many calls run; this only bounds sockets if they do not. */
const maxConnections = 2_048;

/**
 * One pool of kept-alive connections for all adapters. undici's own time-outs are off: its body time-out starts again with
 * every keep-alive byte, so a stuck stream never ends by it. HTTP/1.1 only, so that one aborted call closes its own socket
 * and nothing else. Idle sockets close after undici's 4 s, before the 5 s after which uvicorn closes them without a word.
 */
export function createHttpClient(options: Partial<HttpClient> = {}): HttpClient {
  return {
    dispatcher: options.dispatcher ?? createAgent(),
    clock: options.clock ?? systemClock,
    onRemaining: options.onRemaining,
  };
}

function createAgent(): Agent {
  return new Agent({
    connections: maxConnections,
    connect: { timeout: connectTimeoutMs },
    allowH2: false,
    headersTimeout: 0,
    bodyTimeout: 0,
  });
}
