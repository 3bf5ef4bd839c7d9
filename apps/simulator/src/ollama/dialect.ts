import type { Violation } from '../limits/scope-limiter.ts';
import { openAiErrorBody, standardError as standardOpenAiError } from '../openai/errors.ts';
import type { Dialect } from '../server/dialect.ts';
import { readBearer } from '../server/read-bearer.ts';
import type { World } from '../world.ts';
import { createChatRoutes, STREAM_TYPE } from './chat/chat-routes.ts';
import { createCompatibleRoutes } from './compatible-routes.ts';
import { createEmbedRoute } from './embed/embed-route.ts';
import { standardError } from './errors.ts';
import { createInfoRoutes } from './models/info-routes.ts';

/** The key that is always wrong. */
const INVALID_KEY = 'invalid-key';
const STREAM_ERROR = 'an error was encountered while running the model: unexpected EOF';

/**
 * Ollama's API under `/ollama`. A key is not needed; it only tells callers apart.
 * @see https://docs.ollama.com/api
 */
export function createOllamaDialect(world: World): Dialect {
  return {
    name: 'ollama',
    prefix: '/ollama',
    routes: [...createChatRoutes(world), createEmbedRoute(world), ...createInfoRoutes()],
    readKey: readBearer,
    authenticate: ({ key }) => (key === INVALID_KEY ? standardError(401) : undefined),
    headers: () => ({}),
    limited: (violation) => standardError(limitStatus(violation)),
    error: standardError,
    errorEvent: (data = { error: STREAM_ERROR }) => `${JSON.stringify(data)}\n`,
    streamKeepAlive: '\n',
    streamContentType: STREAM_TYPE,
    reset: () => {},
  };
}

/**
 * Ollama's OpenAI-compatible API under `/ollama/v1`. It is a dialect of its own because its errors
 * and streams have OpenAI's form.
 * @see https://docs.ollama.com/api/openai-compatibility
 */
export function createOllamaCompatibleDialect(world: World): Dialect {
  return {
    name: 'ollama',
    prefix: '/ollama/v1',
    routes: createCompatibleRoutes(world),
    readKey: readBearer,
    authenticate: ({ key }) => (key === INVALID_KEY ? standardOpenAiError(401) : undefined),
    headers: () => ({}),
    limited: (violation) => standardOpenAiError(limitStatus(violation)),
    error: standardOpenAiError,
    errorEvent: (data) =>
      `data: ${data === undefined ? openAiErrorBody({ message: STREAM_ERROR, type: 'api_error' }) : JSON.stringify(data)}\n\n`,
    streamKeepAlive: ': keep-alive\n\n',
    reset: () => {},
  };
}

/** A queue of calls that is full is 503; rates are limited in the cloud only. Neither tells the wait. */
function limitStatus({ dimension }: Violation): number {
  return dimension === 'concurrency' ? 503 : 429;
}
