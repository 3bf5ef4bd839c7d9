import {
  getMessageModelRoute,
  inEitherFormat,
  listMessageModelsRoute,
} from '../anthropic/models-routes.ts';
import { get, post, remove, withErrorsAs } from '../route.ts';
import { getModelRoute, listModelsRoute } from '../routes/list-models.ts';
import { chatCompletionsRoute } from './chat-completions-route.ts';
import { createResponseRoute } from './create-response-route.ts';
import { embeddingsRoute } from './embeddings-route.ts';
import { openaiErrors } from './error-format.ts';
import {
  cancelResponseRoute,
  deleteResponseRoute,
  getResponseRoute,
  responseItemsRoute,
} from './response-routes.ts';

/** Routes of OpenAI's API but for files and batches. Models are told to Anthropic's clients in their format. */
export const openaiRoutes = withErrorsAs(openaiErrors, [
  post('/v1/chat/completions', 'submit', chatCompletionsRoute),
  post('/v1/embeddings', 'submit', embeddingsRoute),
  post('/v1/responses', 'submit', createResponseRoute),
  get('/v1/responses/:id', 'read', getResponseRoute),
  post('/v1/responses/:id/cancel', 'cancel', cancelResponseRoute),
  remove('/v1/responses/:id', 'cancel', deleteResponseRoute),
  get('/v1/responses/:id/input_items', 'read', responseItemsRoute),
  get('/v1/models', 'any', (deps) =>
    inEitherFormat(listMessageModelsRoute(deps), listModelsRoute(deps)),
  ),
  get('/v1/models/:id', 'any', (deps) =>
    inEitherFormat(getMessageModelRoute(deps), getModelRoute(deps)),
  ),
]);
