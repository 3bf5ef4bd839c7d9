import type { IncomingHttpHeaders } from 'node:http';
import type { Call } from '../server/call.ts';
import type { Dialect } from '../server/dialect.ts';
import { readBearer } from '../server/read-bearer.ts';
import type { World } from '../world.ts';
import { needsVersion } from './api-version.ts';
import { createBatchRoutes } from './batches/batches-routes.ts';
import { errorReply, invalidKey, standardError, STREAM_ERROR } from './errors.ts';
import { createCountTokensRoute } from './messages/count-tokens-route.ts';
import { createMessagesRoute } from './messages/messages-route.ts';
import { PromptCache } from './messages/prompt-cache.ts';
import { PING } from './messages/stream-events.ts';
import { createModelsRoutes } from './models/models-routes.ts';
import { rateLimitHeaders, rateLimitReply } from './rate-limit.ts';

/** The key that is always wrong. */
const INVALID_KEY = 'invalid-key';

/**
 * Anthropic's API under `/anthropic`. Any key but `invalid-key` is accepted, in `x-api-key` or as a
 * bearer token.
 * @see https://platform.claude.com/docs/en/api/overview
 */
export function createAnthropicDialect(world: World): Dialect {
  const cache = new PromptCache();
  const messages = createMessagesRoute(world, cache);
  const batches = createBatchRoutes(world, messages);
  const routes = [messages, ...batches.routes, createCountTokensRoute(), ...createModelsRoutes()];
  return {
    name: 'anthropic',
    prefix: '/anthropic',
    routes: routes.map(needsVersion),
    readKey,
    authenticate: (call) =>
      call.key === '' || call.key === INVALID_KEY
        ? errorReply(invalidKey(call.key), call)
        : undefined,
    headers: (call, nowMs) => describeHeaders(world, call, nowMs),
    limited: rateLimitReply,
    error: standardError,
    errorEvent: (data) => `event: error\ndata: ${JSON.stringify(data ?? STREAM_ERROR)}\n\n`,
    streamKeepAlive: PING,
    reset: () => {
      cache.clear();
      batches.reset();
    },
  };
}

function readKey(headers: IncomingHttpHeaders): string {
  const { 'x-api-key': key } = headers;
  return typeof key === 'string' && key !== '' ? key : readBearer(headers);
}

function describeHeaders(world: World, call: Call, nowMs: number): Record<string, string> {
  const headers = {
    'request-id': call.requestId,
    'anthropic-organization-id': 'org-simulator',
  };
  if (!call.ledger.entry.paid) return headers;
  const toEpochMs = (afterMs: number): number => world.clock.toEpochMs(nowMs + afterMs);
  return { ...headers, ...rateLimitHeaders(call.limiter.gauges(nowMs), toEpochMs) };
}
