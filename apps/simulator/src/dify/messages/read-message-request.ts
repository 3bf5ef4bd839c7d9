import type { Call, Reply } from '../../server/call.ts';
import type { App, AppMode } from '../apps/app.ts';
import { findApp } from '../apps/app.ts';
import { difyError, invalidParam, notFound } from '../errors.ts';
import { mainText, readRunBody } from '../read-run-request.ts';
import type { RunBody } from '../read-run-request.ts';
import type { ConversationStore } from './conversation-store.ts';

/** A valid call of a chat or completion app. */
export type MessageRequest = RunBody & {
  app: App;
  query: string;
  /** Undefined for a new conversation, and for completion apps. */
  conversationId: string | undefined;
};

/** Checks a call of `POST /chat-messages` or `POST /completion-messages`. */
export function readMessageRequest(
  call: Call,
  modes: readonly AppMode[],
  conversations: ConversationStore,
): MessageRequest | Reply {
  const app = findApp(call.key);
  if (!modes.includes(app.mode)) return wrongMode(modes);
  const body = readRunBody(call.json);
  if ('status' in body) return body;
  if (app.mode === 'completion') {
    const { query } = body.fields;
    const text = typeof query === 'string' ? query : mainText(body.inputs);
    return { ...body, app, query: text, conversationId: undefined };
  }
  const { query, conversation_id: given } = body.fields;
  if (typeof query !== 'string') return invalidParam('query is required');
  if (app.mode === 'agent-chat' && !body.streaming) {
    return invalidParam('Agent Chat App does not support blocking mode');
  }
  const conversationId = typeof given === 'string' && given !== '' ? given : undefined;
  if (conversationId !== undefined) {
    const known = conversations.find(conversationId, call.key, body.user);
    if (known === undefined) return notFound('Conversation Not Exists.');
  }
  return { ...body, app, query, conversationId };
}

function wrongMode(modes: readonly AppMode[]): Reply {
  const message = 'Please check if your app mode matches the right API route.';
  if (modes.includes('chat')) return difyError(400, 'not_chat_app', message);
  const unavailable = 'App unavailable, please check your app configurations.';
  return difyError(400, 'app_unavailable', unavailable);
}
