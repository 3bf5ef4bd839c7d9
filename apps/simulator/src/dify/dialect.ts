import type { Dialect } from '../server/dialect.ts';
import { readBearer } from '../server/read-bearer.ts';
import type { World } from '../world.ts';
import { createAppRoutes, DIFY_VERSION } from './apps/app-routes.ts';
import { limitedReply, standardError, unauthorized } from './errors.ts';
import { FileStore } from './files/file-store.ts';
import { createUploadRoute } from './files/upload-route.ts';
import { createConversationRoutes } from './messages/conversation-routes.ts';
import { ConversationStore } from './messages/conversation-store.ts';
import { createMessageQueries } from './messages/message-queries.ts';
import { createMessageRoutes } from './messages/message-routes.ts';
import { createVariableRoutes } from './messages/variable-routes.ts';
import { PING } from './runs/follow-run.ts';
import { RunStore } from './runs/run-store.ts';
import { createFormRoutes } from './workflows/form-routes.ts';
import { createLogRoute } from './workflows/log-route.ts';
import { createRunQueries } from './workflows/run-queries.ts';
import { createRunRoutes } from './workflows/run-routes.ts';

/** The app key that is always wrong. */
const INVALID_KEY = 'app-invalid';

/**
 * Dify's Service API under `/dify/v1`. Any key `app-…` but `app-invalid` is accepted, and is the app.
 * @see https://docs.dify.ai/api-reference
 */
export function createDifyDialect(world: World): Dialect {
  const runs = new RunStore();
  const files = new FileStore();
  const conversations = new ConversationStore();
  return {
    name: 'dify',
    prefix: '/dify/v1',
    routes: [
      ...createRunRoutes({ world, runs, files }),
      ...createRunQueries(runs),
      createLogRoute(runs),
      ...createFormRoutes(runs),
      ...createMessageRoutes(world, runs, conversations),
      ...createMessageQueries(runs, conversations),
      ...createConversationRoutes(conversations),
      ...createVariableRoutes(conversations),
      createUploadRoute(world, files),
      ...createAppRoutes(),
    ],
    readKey: readBearer,
    authenticate: ({ key }) =>
      key.startsWith('app-') && key !== INVALID_KEY ? undefined : unauthorized(key),
    headers: () => ({ 'x-version': DIFY_VERSION, 'x-env': 'PRODUCTION' }),
    limited: limitedReply,
    error: standardError,
    errorEvent: (data = SERVER_ERROR) => `data: ${JSON.stringify(data)}\n\n`,
    streamKeepAlive: PING,
    reset: () => {
      runs.clear();
      files.clear();
      conversations.clear();
    },
  };
}

const SERVER_ERROR = {
  event: 'error',
  status: 500,
  code: 'internal_server_error',
  message: 'Internal Server Error, please contact support.',
};
