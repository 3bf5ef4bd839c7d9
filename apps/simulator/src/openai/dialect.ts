import type { Call } from '../server/call.ts';
import type { Dialect } from '../server/dialect.ts';
import { readBearer } from '../server/read-bearer.ts';
import type { World } from '../world.ts';
import { createTranscriptionsRoute } from './audio/transcriptions-route.ts';
import { createBatchRoutes } from './batches/batches-routes.ts';
import { createChatRoute } from './chat/chat-route.ts';
import { createEmbeddingsRoute } from './embeddings/embeddings-route.ts';
import { invalidKey, openAiErrorBody, standardError } from './errors.ts';
import { createModelsRoutes } from './models/models-routes.ts';
import { rateLimitHeaders, rateLimitReply } from './rate-limit-headers.ts';
import { createResponsesRoute } from './responses/responses-route.ts';
import { createRerankRoute } from './rerank/rerank-route.ts';

/** The key that is always wrong. */
const INVALID_KEY = 'invalid-key';

/**
 * OpenAI's API under `/openai/v1`. Any key but `invalid-key` is accepted.
 * @see https://platform.openai.com/docs/api-reference
 */
export function createOpenAiDialect(world: World): Dialect {
  const single = [
    createChatRoute(world),
    createResponsesRoute(world),
    createEmbeddingsRoute(world),
  ];
  const batches = createBatchRoutes(world, single);
  return {
    name: 'openai',
    prefix: '/openai/v1',
    routes: [
      ...single,
      ...batches.routes,
      createTranscriptionsRoute(world),
      createRerankRoute(world),
      ...createModelsRoutes(),
    ],
    readKey: readBearer,
    authenticate: ({ key }) => (key === '' || key === INVALID_KEY ? invalidKey(key) : undefined),
    headers: describeHeaders,
    limited: (violation, call) => rateLimitReply(violation, call.ledger.entry.model ?? 'unknown'),
    error: standardError,
    errorEvent: (data) => `data: ${data === undefined ? SERVER_ERROR : JSON.stringify(data)}\n\n`,
    streamKeepAlive: ': keep-alive\n\n',
    reset: batches.reset,
  };
}

const SERVER_ERROR = openAiErrorBody({
  message: 'The server had an error while processing your request. Sorry about that!',
  type: 'server_error',
});

function describeHeaders(call: Call, nowMs: number): Record<string, string> {
  return {
    'x-request-id': call.requestId,
    'openai-processing-ms': String(Math.round(nowMs - call.arrivedAt)),
    'openai-version': '2020-10-01',
    'openai-organization': 'org-simulator',
    ...(call.ledger.entry.paid && rateLimitHeaders(call.limiter.gauges(nowMs))),
  };
}
