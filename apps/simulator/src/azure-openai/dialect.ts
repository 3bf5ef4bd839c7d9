import type { IncomingHttpHeaders } from 'node:http';
import { createTranscriptionsRoute } from '../openai/audio/transcriptions-route.ts';
import { createChatRoute } from '../openai/chat/chat-route.ts';
import { createEmbeddingsRoute } from '../openai/embeddings/embeddings-route.ts';
import { createModelsRoutes } from '../openai/models/models-routes.ts';
import { createResponsesRoute } from '../openai/responses/responses-route.ts';
import type { Call } from '../server/call.ts';
import type { Dialect, Route } from '../server/dialect.ts';
import { readBearer } from '../server/read-bearer.ts';
import type { World } from '../world.ts';
import { AZURE_CHAT } from './chat-variant.ts';
import { underDeployment, underV1 } from './deployments.ts';
import { accessDenied, resourceNotFound, standardError, STREAM_ERROR } from './errors.ts';
import { rateLimitHeaders, rateLimitReply } from './rate-limit.ts';

/** The key that is always wrong. */
const INVALID_KEY = 'invalid-key';

/**
 * Azure OpenAI under `/azure/openai`: the classic deployment paths, which need an api-version, and
 * the v1 paths, which do not. Any key or Entra token but `invalid-key` is accepted.
 * @see https://learn.microsoft.com/azure/ai-foundry/openai/reference
 */
export function createAzureOpenAiDialect(world: World): Dialect {
  const onDeployments = [
    createChatRoute(world, AZURE_CHAT),
    createEmbeddingsRoute(world),
    createTranscriptionsRoute(world),
  ];
  const responses = underV1(createResponsesRoute(world, AZURE_CHAT));
  const models = createModelsRoutes();
  return {
    name: 'azure-openai',
    prefix: '/azure/openai',
    routes: [
      ...onDeployments.map(underDeployment),
      ...onDeployments.map(underV1),
      responses,
      needsApiVersion({ ...responses, path: '/responses' }),
      ...models.map(needsApiVersion),
      ...models.map((route) => ({ ...route, path: `/v1${route.path}` })),
    ],
    readKey,
    authenticate: ({ key }) => (key === '' || key === INVALID_KEY ? accessDenied(key) : undefined),
    headers: describeHeaders,
    limited: rateLimitReply,
    error: standardError,
    errorEvent: (data) => `data: ${data === undefined ? STREAM_ERROR : JSON.stringify(data)}\n\n`,
    streamKeepAlive: ': keep-alive\n\n',
    reset: () => {},
  };
}

function needsApiVersion(route: Route): Route {
  return {
    ...route,
    prepare: (call) =>
      call.query.get('api-version') ? route.prepare(call) : { refusal: resourceNotFound() },
  };
}

function readKey(headers: IncomingHttpHeaders): string {
  const { 'api-key': key } = headers;
  return typeof key === 'string' && key !== '' ? key : readBearer(headers);
}

function describeHeaders(call: Call, nowMs: number): Record<string, string> {
  return {
    'apim-request-id': call.requestId,
    'x-request-id': call.requestId,
    'x-ms-region': 'Simulator',
    ...(call.ledger.entry.paid && rateLimitHeaders(call.limiter.gauges(nowMs))),
  };
}
