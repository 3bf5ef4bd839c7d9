import type { IncomingHttpHeaders } from 'node:http';
import type { Dialect, Route } from '../server/dialect.ts';
import type { World } from '../world.ts';
import { createEmbedRoutes } from './embeddings/embed-routes.ts';
import { geminiErrorBody, invalidKey, standardError } from './errors.ts';
import { createGenerateRoutes } from './generate/generate-routes.ts';
import { createCountTokensRoute } from './models/count-tokens-route.ts';
import { createModelsRoutes } from './models/models-routes.ts';
import { rateLimitReply } from './rate-limit.ts';

/** The key that is always wrong. */
const INVALID_KEY = 'invalid-key';
/** The vendor's own client speaks v1 from its version 3 on, and v1beta before. */
const VERSIONS = ['v1beta', 'v1'];

/**
 * Google's Gemini API under `/gemini`. Any key but `invalid-key` is accepted.
 * @see https://ai.google.dev/api
 */
export function createGeminiDialect(world: World): Dialect {
  return {
    name: 'gemini',
    prefix: '/gemini',
    routes: VERSIONS.flatMap((version) => createRoutes(world, version)),
    readKey,
    authenticate: ({ key }) => (key === '' || key === INVALID_KEY ? invalidKey(key) : undefined),
    headers: (call, nowMs) => ({
      'server-timing': `gfet4t7; dur=${Math.round(nowMs - call.arrivedAt)}`,
    }),
    limited: (violation, call) => rateLimitReply(violation, call.ledger.entry.model ?? 'unknown'),
    error: standardError,
    errorEvent: (data = SERVER_ERROR) => `data: ${JSON.stringify(data)}\r\n\r\n`,
    streamKeepAlive: ': keep-alive\r\n\r\n',
    reset: () => {},
  };
}

const SERVER_ERROR = geminiErrorBody(503, 'The model is overloaded. Please try again later.');

function createRoutes(world: World, version: string): Route[] {
  return [
    ...createGenerateRoutes(world, version),
    ...createEmbedRoutes(world, version),
    createCountTokensRoute(version),
    ...createModelsRoutes(version),
  ];
}

function readKey(headers: IncomingHttpHeaders, query: URLSearchParams): string {
  const header = headers['x-goog-api-key'];
  return (typeof header === 'string' ? header : query.get('key')) ?? '';
}
