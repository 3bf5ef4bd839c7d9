import type { Call } from '../../server/call.ts';
import type { PreparedCall, Refusal, Route } from '../../server/dialect.ts';
import { invalidParam, notFound } from '../errors.ts';
import { namesUser } from '../read-run-request.ts';
import type { RunStore } from '../runs/run-store.ts';
import { serve } from '../../server/serve.ts';
import type { ConversationStore, Message } from './conversation-store.ts';

const PAGE = 20;

/**
 * `POST /chat-messages/:task_id/stop`, `POST /completion-messages/:task_id/stop`, `GET /messages`.
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
  ];
}

/** Stopping somebody else's task is silently ignored, as the vendor does. */
function prepareStop({ params, key, json }: Call, runs: RunStore): PreparedCall | Refusal {
  if (!namesUser(json)) return { refusal: invalidParam('Arg user must be provided.') };
  const run = runs.findTask(params.taskId ?? '', key);
  if (run?.request.user === json.user) run.stop();
  return serve(200, { result: 'success' });
}

function listMessages(
  { query, key }: Call,
  conversations: ConversationStore,
): PreparedCall | Refusal {
  const user = query.get('user') ?? '';
  const messages = conversations.find(query.get('conversation_id') ?? '', key, user);
  if (messages === undefined) return { refusal: notFound('Conversation Not Exists.') };
  const limit = Number(query.get('limit') ?? PAGE);
  const data = messages.slice(-limit).map(describeMessage);
  return serve(200, { limit, has_more: messages.length > limit, data });
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
    feedback: null,
    retriever_resources: [],
    agent_thoughts: [],
    created_at: message.createdAt,
  };
}
