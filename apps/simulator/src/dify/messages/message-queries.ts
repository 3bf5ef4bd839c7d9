import type { Call } from '../../server/call.ts';
import type { PreparedCall, Refusal, Route } from '../../server/dialect.ts';
import { findApp } from '../apps/app.ts';
import { difyError, invalidParam, notFound } from '../errors.ts';
import { namesUser } from '../read-run-request.ts';
import type { RunStore } from '../runs/run-store.ts';
import { serve } from '../../server/serve.ts';
import type { ConversationStore, Message } from './conversation-store.ts';
import { fieldsOf, refuseUnlessChat, userOf } from './whose.ts';

const PAGE = 20;

/**
 * `POST /chat-messages/:task_id/stop`, `POST /completion-messages/:task_id/stop`, `GET /messages`,
 * `POST /messages/:id/feedbacks`, `GET /messages/:id/suggested`.
 * @see https://docs.dify.ai/api-reference/chats/stop-chat-message-generation
 */
export function createMessageQueries(runs: RunStore, conversations: ConversationStore): Route[] {
  const stop = (path: string): Route => ({
    method: 'POST',
    path,
    kind: 'stop',
    paid: false,
    prepare: (call) => prepareStop(call, runs),
  });
  return [
    stop('/chat-messages/:taskId/stop'),
    stop('/completion-messages/:taskId/stop'),
    {
      method: 'GET',
      path: '/messages',
      kind: 'messages',
      paid: false,
      prepare: (call) => listMessages(call, conversations),
    },
    {
      method: 'POST',
      path: '/messages/:id/feedbacks',
      kind: 'feedback',
      paid: false,
      prepare: (call) => rateMessage(call, conversations),
    },
    {
      method: 'GET',
      path: '/messages/:id/suggested',
      kind: 'suggested',
      paid: false,
      prepare: (call) => suggestQuestions(call, conversations),
    },
  ];
}

/** Stopping somebody else's task is silently ignored, as the vendor does. */
function prepareStop({ params, key, json }: Call, runs: RunStore): PreparedCall | Refusal {
  if (!namesUser(json)) return { refusal: invalidParam('Arg user must be provided.') };
  const run = runs.findTask(params.taskId ?? '', key);
  if (run?.request.user === json.user) run.stop();
  return serve(200, { result: 'success' });
}

function listMessages(call: Call, conversations: ConversationStore): PreparedCall | Refusal {
  const { query, key } = call;
  const found = conversations.find(query.get('conversation_id') ?? '', key, userOf(call));
  const refusal = refuseUnlessChat(key);
  if (refusal) return refusal;
  if (found === undefined) return { refusal: notFound('Conversation Not Exists.') };
  const first = query.get('first_id');
  const end = first ? found.messages.findIndex(({ id }) => id === first) : found.messages.length;
  if (end === -1) return { refusal: notFound('First Message Not Exists.') };
  const limit = Number(query.get('limit') ?? PAGE);
  const data = found.messages.slice(Math.max(0, end - limit), end).map(describeMessage);
  return serve(200, { limit, has_more: end > limit, data });
}

function rateMessage(call: Call, conversations: ConversationStore): PreparedCall | Refusal {
  const { params, key, json } = call;
  if (!namesUser(json)) return { refusal: invalidParam('Arg user must be provided.') };
  const message = conversations.findMessage(params.id ?? '', key, json.user);
  if (message === undefined) return { refusal: notFound('Message Not Exists.') };
  const { rating = null } = fieldsOf(json);
  if (rating !== 'like' && rating !== 'dislike' && rating !== null) {
    return { refusal: invalidParam("rating: Input should be 'like' or 'dislike'") };
  }
  if (rating === null && message.feedback === null) {
    return { refusal: invalidParam('rating cannot be None when feedback not exists') };
  }
  message.feedback = rating;
  return serve(200, { result: 'success' });
}

function suggestQuestions(call: Call, conversations: ConversationStore): PreparedCall | Refusal {
  const { params, key, query } = call;
  if (!query.get('user')) return { refusal: invalidParam('Arg user must be provided.') };
  const refusal = refuseUnlessChat(key);
  if (refusal) return refusal;
  const message = conversations.findMessage(params.id ?? '', key, userOf(call));
  if (message === undefined) return { refusal: notFound('Message Not Exists.') };
  if (findApp(key).mode === 'agent-chat') {
    const text = 'Suggested Questions Is Disabled.';
    return { refusal: difyError(403, 'app_suggested_questions_after_answer_disabled', text) };
  }
  const data = [`What else is there about "${message.query}"?`, 'Why?', 'Can you give an example?'];
  return serve(200, { result: 'success', data });
}

function describeMessage(message: Message): object {
  return {
    id: message.id,
    conversation_id: message.conversationId,
    inputs: message.inputs,
    query: message.query,
    answer: message.answer,
    status: message.error === null ? 'normal' : 'error',
    error: message.error,
    message_files: [],
    feedback: message.feedback && { rating: message.feedback },
    retriever_resources: [],
    agent_thoughts: [],
    created_at: message.createdAt,
  };
}
