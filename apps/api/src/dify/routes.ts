import type { ApiRoute } from '../routes.ts';
import { appInfoRoute, appParametersRoute } from './app-routes.ts';
import { difyErrors } from './errors.ts';
import { runDetailRoute } from './run-detail-route.ts';
import { chatMessageRoute, completionMessageRoute, runWorkflowRoute } from './run-routes.ts';
import { stopChatRoute, stopCompletionRoute, stopWorkflowRoute } from './stop-routes.ts';
import { uploadFileRoute } from './upload-route.ts';

/** Routes of Dify's API. Tasks and runs are found by Dify's ids or by the job's. */
export const difyRoutes: readonly ApiRoute[] = (
  [
    { method: 'post', path: '/v1/workflows/run', access: 'submit', handler: runWorkflowRoute },
    { method: 'get', path: '/v1/workflows/run/:id', access: 'read', handler: runDetailRoute },
    {
      method: 'post',
      path: '/v1/workflows/tasks/:id/stop',
      access: 'cancel',
      handler: stopWorkflowRoute,
    },
    { method: 'post', path: '/v1/chat-messages', access: 'submit', handler: chatMessageRoute },
    {
      method: 'post',
      path: '/v1/chat-messages/:id/stop',
      access: 'cancel',
      handler: stopChatRoute,
    },
    {
      method: 'post',
      path: '/v1/completion-messages',
      access: 'submit',
      handler: completionMessageRoute,
    },
    {
      method: 'post',
      path: '/v1/completion-messages/:id/stop',
      access: 'cancel',
      handler: stopCompletionRoute,
    },
    { method: 'post', path: '/v1/files/upload', access: 'submit', handler: uploadFileRoute },
    { method: 'get', path: '/v1/parameters', access: 'any', handler: appParametersRoute },
    { method: 'get', path: '/v1/info', access: 'any', handler: appInfoRoute },
  ] as const
).map((route) => ({ ...route, errors: difyErrors }));
