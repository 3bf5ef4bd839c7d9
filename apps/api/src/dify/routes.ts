import { get, post, put, remove, withErrorsAs } from '../route.ts';
import { appInfoRoute, appMetaRoute, appParametersRoute, appSiteRoute } from './app-routes.ts';
import {
  deleteConversationRoute,
  listConversationsRoute,
  listMessagesRoute,
  listVariablesRoute,
  rateMessageRoute,
  renameConversationRoute,
  setVariableRoute,
  suggestQuestionsRoute,
} from './conversation-routes.ts';
import { difyErrors } from './errors.ts';
import { runDetailRoute } from './run-detail-route.ts';
import { chatMessageRoute, completionMessageRoute, runWorkflowRoute } from './run-routes.ts';
import { stopChatRoute, stopCompletionRoute, stopWorkflowRoute } from './stop-routes.ts';
import { uploadFileRoute } from './upload-route.ts';

/**
 * Routes of Dify's API. What runs an app is a job; tasks and runs are found by Dify's ids or by the job's. From `/v1/conversations` on
 * a call goes straight to Dify: see `pass-route.ts`.
 */
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
  get('/v1/meta', 'any', appMetaRoute),
  get('/v1/site', 'any', appSiteRoute),
  get('/v1/conversations', 'read', listConversationsRoute),
  remove('/v1/conversations/:id', 'cancel', deleteConversationRoute),
  post('/v1/conversations/:id/name', 'submit', renameConversationRoute),
  get('/v1/conversations/:id/variables', 'read', listVariablesRoute),
  put('/v1/conversations/:id/variables/:variable', 'submit', setVariableRoute),
  get('/v1/messages', 'read', listMessagesRoute),
  post('/v1/messages/:id/feedbacks', 'submit', rateMessageRoute),
  get('/v1/messages/:id/suggested', 'submit', suggestQuestionsRoute),
]);
