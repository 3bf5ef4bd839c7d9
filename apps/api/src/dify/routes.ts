import { get, post, withErrorsAs } from '../route.ts';
import { appInfoRoute, appParametersRoute } from './app-routes.ts';
import { difyErrors } from './errors.ts';
import { runDetailRoute } from './run-detail-route.ts';
import { chatMessageRoute, completionMessageRoute, runWorkflowRoute } from './run-routes.ts';
import { stopChatRoute, stopCompletionRoute, stopWorkflowRoute } from './stop-routes.ts';
import { uploadFileRoute } from './upload-route.ts';

/** Routes of Dify's API. Tasks and runs are found by Dify's ids or by the job's. */
export const difyRoutes = withErrorsAs(difyErrors, [
  post('/v1/workflows/run', 'submit', runWorkflowRoute),
  get('/v1/workflows/run/:id', 'read', runDetailRoute),
  post('/v1/workflows/tasks/:id/stop', 'cancel', stopWorkflowRoute),
  post('/v1/chat-messages', 'submit', chatMessageRoute),
  post('/v1/chat-messages/:id/stop', 'cancel', stopChatRoute),
  post('/v1/completion-messages', 'submit', completionMessageRoute),
  post('/v1/completion-messages/:id/stop', 'cancel', stopCompletionRoute),
  post('/v1/files/upload', 'submit', uploadFileRoute),
  get('/v1/parameters', 'any', appParametersRoute),
  get('/v1/info', 'any', appInfoRoute),
]);
