import type { ErrorCode } from '@sluice/contracts';
import { feedbackBody, renameBody, userBody, variableBody } from '@sluice/dify';

import type { RouteDescription } from './route-description.ts';

const conversation = {
  id: '45701982-8118-4bc5-8e9b-64562b4555f2',
  name: 'My order',
  inputs: {},
  status: 'normal',
  introduction: '',
  created_at: 1_795_773_600,
  updated_at: 1_795_773_660,
};

const message = {
  id: '9da23599-e713-473b-982c-4328d4f5c78a',
  conversation_id: conversation.id,
  inputs: {},
  query: 'Where is my order?',
  answer: 'On its way.',
  status: 'normal',
  error: null,
  message_files: [],
  feedback: { rating: 'like' },
  retriever_resources: [],
  agent_thoughts: [],
  created_at: conversation.created_at,
};

const variable = {
  id: '0b2e6a5c-3f0e-4a53-9f58-3c8f7c5f9a11',
  name: 'topic',
  value_type: 'string',
  value: 'orders',
  description: '',
  created_at: conversation.created_at,
  updated_at: conversation.updated_at,
};

const pageOf = (item: object) => ({ limit: 20, has_more: false, data: [item] });

const errors: readonly ErrorCode[] = [
  'upstream_invalid_request',
  'upstream_auth',
  'upstream_unreachable',
  'upstream_timeout',
];
const user = 'required: whose conversations';
const limit = '1 to 100, 20 by default';

/** What is answered by Dify itself: conversations and what is in them. */
export const difyConversations: Readonly<Record<string, RouteDescription>> = {
  'get /v1/conversations': {
    summary: 'A user’s conversations with a chat app, the last used first; answered by Dify.',
    status: 200,
    answer: pageOf(conversation),
    errors: ['not_found', ...errors],
    query: {
      user,
      limit,
      last_id: 'the last one of the page before',
      sort_by: '`created_at`, `-created_at`, `updated_at` or `-updated_at` (the default)',
      first_id: 'taken, and says nothing',
      pinned: 'taken, and says nothing',
    },
  },
  'delete /v1/conversations/:id': {
    summary: 'Delete a conversation at Dify; a session that goes on with it begins another.',
    status: 204,
    answer: undefined,
    errors,
    body: { schema: userBody, example: { user: 'ann' } },
  },
  'post /v1/conversations/:id/name': {
    summary: 'Rename a conversation, or let Dify find a name (`auto_generate`).',
    status: 200,
    answer: conversation,
    errors,
    body: { schema: renameBody, example: { name: 'My order', user: 'ann' } },
  },
  'get /v1/conversations/:id/variables': {
    summary: 'The variables of a chatflow’s conversation.',
    status: 200,
    answer: pageOf(variable),
    errors,
    query: {
      user,
      limit,
      last_id: 'the last one of the page before',
      variable_name: 'only the one of that name',
    },
  },
  'put /v1/conversations/:id/variables/:variable': {
    summary: 'Set a variable of a conversation.',
    status: 200,
    answer: variable,
    errors,
    body: { schema: variableBody, example: { value: 'orders', user: 'ann' } },
  },
  'get /v1/messages': {
    summary: 'What was said in a conversation, the newest page first; answered by Dify.',
    status: 200,
    answer: pageOf(message),
    errors: ['not_found', ...errors],
    query: {
      user,
      limit,
      conversation_id: 'required: which conversation',
      first_id: 'the first one of the page before, whose elder ones are asked for',
    },
  },
  'post /v1/messages/:id/feedbacks': {
    summary: 'Like or dislike an answer, or take that back (`rating` null).',
    status: 200,
    answer: { result: 'success' },
    errors,
    body: { schema: feedbackBody, example: { rating: 'like', user: 'ann' } },
  },
  'get /v1/messages/:id/suggested': {
    summary: 'Questions that the user may ask next, which Dify lets a model find.',
    status: 200,
    answer: { result: 'success', data: ['When will it be here?'] },
    errors,
    query: { user },
  },
};
