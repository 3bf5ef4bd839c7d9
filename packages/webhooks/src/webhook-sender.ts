import { readFileSync } from 'node:fs';

import type { NoticeEvent, ResponseEvent, WebhookEvent } from '@sluice/contracts';
import {
  checkUrl,
  createGuardedConnector,
  parseAllowList,
  type AllowList,
  type Clock,
  type Lookup,
} from '@sluice/runtime';
import { Agent, type Dispatcher } from 'undici';

import {
  DeliveryTimeout,
  outcomeOfFailure,
  outcomeOfReply,
  type DeliveryOutcome,
  type Reply,
} from './delivery-outcome.ts';
import { readExcerpt } from './read-excerpt.ts';
import { parseRetryAfter } from './retry-after.ts';
import { signBody, type SigningSecrets } from './sign-body.ts';

export interface WebhookSenderOptions {
  /** Hosts, IPs and CIDRs that may be reached although private. */
  allowPrivateHosts: readonly string[];
  /** Whole time of one attempt, from the name's resolution to the end of the reply. */
  timeoutMs: number;
  clock: Clock;
  /** Replaces the system's resolver. */
  lookup?: Lookup;
}

/** One event for one endpoint. */
export interface Delivery {
  url: string;
  secret: SigningSecrets;
  event: WebhookEvent | NoticeEvent | ResponseEvent;
  /** The endpoint's own: often secrets. */
  headers: Readonly<Record<string, string>>;
  /** The measurements of a job. */
  measured?: Readonly<Record<string, string>>;
}

/** What a POST came to, and what it was. */
export type PostedDelivery = DeliveryOutcome & {
  /** For people: the signature and the values of the endpoint's own headers are `[redacted]`. */
  requestHeaders: Record<string, string>;
  requestBytes: number;
};

export interface WebhookSender {
  /**
   * Exactly one signed POST. Whatever the receiver does is an outcome; rejects only with `signal`'s reason, when that
   * aborts before a status has come, or with an error that is a defect of ours.
   */
  deliver(delivery: Delivery, signal: AbortSignal): Promise<PostedDelivery>;
  /** Waits for deliveries under way (abort them to be quicker), then cuts the connections. Can be called twice. */
  close(): Promise<void>;
}

interface SenderDeps {
  agent: Agent;
  allow: AllowList;
  timeoutMs: number;
  clock: Clock;
}

const maxHeaderBytes = 16 * 1024;

/** Below the idle timeout that servers usually have (Node 5 s), so that a POST seldom meets a connection just closed. */
const keepAliveMs = 4_000;

/** A receiver may offer to keep a connection for longer, but not to hold our sockets for minutes. */
const maxKeepAliveMs = 30_000;

/** @throws SluiceError `invalid_request` if an entry of `allowPrivateHosts` cannot be read. */
export function createWebhookSender(options: WebhookSenderOptions): WebhookSender {
  const { timeoutMs, clock, lookup } = options;
  const allow = parseAllowList(options.allowPrivateHosts);
  const agent = new Agent({
    connect: createGuardedConnector({ allow, connectTimeoutMs: timeoutMs, lookup }),
    maxHeaderSize: maxHeaderBytes,
    keepAliveTimeout: keepAliveMs,
    keepAliveMaxTimeout: maxKeepAliveMs,
    // One deadline covers the whole attempt; these two would only know parts of it.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  const deps: SenderDeps = { agent, allow, timeoutMs, clock };
  const underWay = new Set<Promise<PostedDelivery>>();
  return {
    async deliver(delivery, signal) {
      const delivered = deliverOnce(deps, delivery, signal);
      underWay.add(delivered);
      try {
        return await delivered;
      } finally {
        underWay.delete(delivered);
      }
    },
    async close() {
      await Promise.allSettled(underWay);
      // Not close(): that would wait for connections which a delivery has already given up.
      await agent.destroy();
    },
  };
}

async function deliverOnce(
  deps: SenderDeps,
  delivery: Delivery,
  signal: AbortSignal,
): Promise<PostedDelivery> {
  signal.throwIfAborted();
  const startedAtMs = deps.clock.now();
  const elapsedMs = () => deps.clock.now() - startedAtMs;
  const posting = prepare(delivery, startedAtMs);
  const { requestHeaders } = posting;
  const posted = { requestHeaders, requestBytes: posting.body.length };
  const deadline = startDeadline(deps.clock, deps.timeoutMs);
  try {
    const either = AbortSignal.any([signal, deadline.signal]);
    return { ...outcomeOfReply(await post(deps, posting, either), elapsedMs()), ...posted };
  } catch (error) {
    signal.throwIfAborted();
    return { ...outcomeOfFailure(error, elapsedMs()), ...posted };
  } finally {
    deadline.clear();
  }
}

interface Posting {
  url: string;
  body: Buffer;
  headers: Record<string, string>;
  /** `headers` as people may see them. */
  requestHeaders: Record<string, string>;
}

/** @throws Error if a secret is not base64; secrets are validated when they are accepted. */
function prepare(
  { url, event, secret, headers: own, measured = {} }: Delivery,
  nowMs: number,
): Posting {
  const body = Buffer.from(JSON.stringify(event));
  const signed = signBody(event.id, body, secret, nowMs);
  const ours = { 'content-type': 'application/json', 'user-agent': userAgent };
  const hidden = Object.keys(own).map((name) => [name, redacted]);
  return {
    url,
    body,
    headers: { ...own, ...measured, ...signed, ...ours },
    requestHeaders: {
      ...Object.fromEntries(hidden),
      ...measured,
      ...signed,
      'webhook-signature': redacted,
      ...ours,
    },
  };
}

const redacted = '[redacted]';

/** A signal that aborts with DeliveryTimeout, unless it is cleared before. */
function startDeadline(clock: Clock, timeoutMs: number): { signal: AbortSignal; clear(): void } {
  const deadline = new AbortController();
  const cleared = new AbortController();
  const expire = async () => {
    await clock.sleep(timeoutMs, cleared.signal);
    if (!cleared.signal.aborted) deadline.abort(new DeliveryTimeout(timeoutMs));
  };
  // Not awaited: it ends by itself when it is cleared, and a Clock's sleep never rejects.
  void expire();
  return { signal: deadline.signal, clear: () => cleared.abort() };
}

async function post(
  deps: SenderDeps,
  { url, headers: sent, body }: Posting,
  signal: AbortSignal,
): Promise<Reply> {
  const { origin, pathname, search } = checkUrl(url, deps.allow, 'the webhook URL');
  const path = `${pathname}${search}`;
  const request = deps.agent.request({ origin, path, method: 'POST', headers: sent, body, signal });
  const { statusCode, headers, body: replyBody } = await orAborted(request, signal);
  const retryAfterMs = parseRetryAfter(
    single(headers['retry-after']),
    single(headers['date']),
    deps.clock.now(),
  );
  return { status: statusCode, retryAfterMs, excerpt: await readExcerpt(replyBody) };
}

/** undici looks at the signal only once it has a connection; a name server or a firewall can keep it from that for long. */
function orAborted(
  request: Promise<Dispatcher.ResponseData>,
  signal: AbortSignal,
): Promise<Dispatcher.ResponseData> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    request.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

function single(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}

const userAgent = `Sluice/${readVersion()}`;

function readVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  // Our own manifest: it has a version.
  return (JSON.parse(text) as { version: string }).version;
}
