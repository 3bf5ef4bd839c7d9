import { feedbackBody, renameBody, userBody, variableBody } from '@sluice/dify';

import { oneOf, wholeNumber } from '../http/query.ts';
import { asId, passRoute, type QueryCheck } from './pass-route.ts';

const asLimit: QueryCheck = (param, value) =>
  String(wholeNumber(param, value, { from: 1, to: 100 }));
const asOrder: QueryCheck = (param, value) =>
  oneOf(param, value, ['created_at', '-created_at', 'updated_at', '-updated_at']);
const asIs: QueryCheck = (_param, value) => value;

/** `GET /v1/conversations`: the user's. @see https://docs.dify.ai/api-reference/conversations/list-conversations */
export const listConversationsRoute = passRoute({
  method: 'GET',
  path: '/conversations',
  family: 'chat',
  // The last two are what Dify's own client sends and Dify does not read.
  query: { last_id: asId, limit: asLimit, sort_by: asOrder, first_id: asIs, pinned: asIs },
});

/**
 * `DELETE /v1/conversations/:id`. A session that goes on with it begins another one with its next job.
 * @see https://docs.dify.ai/api-reference/conversations/delete-conversation
 */
export const deleteConversationRoute = passRoute({
  method: 'DELETE',
  path: '/conversations/:id',
  family: 'chat',
  body: userBody,
  after: async ({ id = '' }, tenantId, { records }) =>
    await records.forgetConversation({ tenantId, id }),
});

/** `POST /v1/conversations/:id/name`. @see https://docs.dify.ai/api-reference/conversations/rename-conversation */
export const renameConversationRoute = passRoute({
  method: 'POST',
  path: '/conversations/:id/name',
  family: 'chat',
  body: renameBody,
  asksModel: true,
});

/** `GET /v1/conversations/:id/variables`. @see https://docs.dify.ai/api-reference/conversations/list-conversation-variables */
export const listVariablesRoute = passRoute({
  method: 'GET',
  path: '/conversations/:id/variables',
  family: 'chat',
  query: { last_id: asId, limit: asLimit, variable_name: asIs },
});

/** `PUT /v1/conversations/:id/variables/:variable`. @see https://docs.dify.ai/api-reference/conversations/update-conversation-variable */
export const setVariableRoute = passRoute({
  method: 'PUT',
  path: '/conversations/:id/variables/:variable',
  family: 'chat',
  body: variableBody,
});

/** `GET /v1/messages`: what was said in a conversation. @see https://docs.dify.ai/api-reference/conversations/list-conversation-messages */
export const listMessagesRoute = passRoute({
  method: 'GET',
  path: '/messages',
  family: 'chat',
  query: { conversation_id: asId, first_id: asId, limit: asLimit },
});

/** `POST /v1/messages/:id/feedbacks`. @see https://docs.dify.ai/api-reference/feedback/submit-message-feedback */
export const rateMessageRoute = passRoute({
  method: 'POST',
  path: '/messages/:id/feedbacks',
  body: feedbackBody,
});

/** `GET /v1/messages/:id/suggested`. @see https://docs.dify.ai/api-reference/chat-messages/get-next-suggested-questions */
export const suggestQuestionsRoute = passRoute({
  method: 'GET',
  path: '/messages/:id/suggested',
  family: 'chat',
  asksModel: true,
});
