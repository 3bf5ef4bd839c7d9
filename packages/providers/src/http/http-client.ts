import type { Target } from '@sluice/config';
import {
  cacheLookup,
  createGuardedConnector,
  parseAllowList,
  systemClock,
  systemLookup,
  type Clock,
  type Lookup,
} from '@sluice/runtime';
import { Agent, EnvHttpProxyAgent, type Dispatcher } from 'undici';

import type { RemainingReport } from './remaining.ts';

/** What every adapter calls upstreams with. */
export interface HttpClient {
  dispatcher: Dispatcher;
  clock: Clock;
  onRemaining?: OnRemaining | undefined;
}

/** Told what an upstream says is left of its limits, as soon as the head of a reply is there. Must not throw. */
export type OnRemaining = (target: Target, reports: RemainingReport[]) => void;

/** How upstreams may be reached. */
export interface ConnectionOptions {
  /** Private hosts, addresses and CIDRs that base URLs may name or resolve to. */
  allowPrivateHosts: readonly string[];
  /** URLs of proxies, and the hosts that are reached without. */
  proxy?: { http?: string | undefined; https?: string | undefined; except?: string | undefined };
  /** Default: the system's resolver. */
  lookup?: Lookup | undefined;
}

const connectTimeoutMs = 10_000;
/** Per origin. The lanes decide how many calls run; this only bounds sockets if they do not. */
const maxConnections = 2_048;
/** Longer than it takes to open the connections of a burst, shorter than anybody waits for a changed name. */
const dnsTtlMs = 30_000;
/** No proxy knows this machine better than itself. */
const neverProxied = 'localhost,127.0.0.1,[::1]';

/**
 * One pool of kept-alive connections per origin, for all adapters. undici's own time-outs are off: its body time-out starts
 * again with every keep-alive byte, so a stuck stream never ends by it; the deadlines of a call are those of `exchange`.
 * HTTP/1.1 only, so that one aborted call closes its own socket and nothing else. Idle sockets close after undici's 4 s,
 * before the 5 s after which uvicorn closes them without a word.
 *
 * Every address is judged before it is connected to, whatever a name resolves to. Through a proxy names are resolved there,
 * so only literal addresses are judged, when the configuration is read.
 */
export function createHttpClient(
  options: {
    dispatcher?: Dispatcher | undefined;
    clock?: Clock | undefined;
    connections?: ConnectionOptions | undefined;
    onRemaining?: OnRemaining | undefined;
  } = {},
): HttpClient {
  const clock = options.clock ?? systemClock;
  const connections = options.connections ?? { allowPrivateHosts: [] };
  const dispatcher = options.dispatcher ?? createAgent(connections, clock);
  return { dispatcher, clock, onRemaining: options.onRemaining };
}

function createAgent({ allowPrivateHosts, proxy, lookup }: ConnectionOptions, clock: Clock) {
  const settings = {
    connections: maxConnections,
    connect: createGuardedConnector({
      allow: parseAllowList(allowPrivateHosts),
      connectTimeoutMs,
      lookup: cacheLookup(lookup ?? systemLookup, { clock, ttlMs: dnsTtlMs }),
    }),
    allowH2: false,
    headersTimeout: 0,
    bodyTimeout: 0,
  };
  if (!proxy?.http && !proxy?.https) return new Agent(settings);
  return new EnvHttpProxyAgent({
    ...settings,
    // Empty, not absent: undici would read the environment by itself.
    httpProxy: proxy.http ?? '',
    httpsProxy: proxy.https ?? '',
    noProxy: [neverProxied, proxy.except].filter(Boolean).join(','),
  });
}
