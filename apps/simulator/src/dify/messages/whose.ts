import type { Call } from '../../server/call.ts';
import type { PreparedCall, Refusal, Route } from '../../server/dialect.ts';
import { findApp } from '../apps/app.ts';
import { difyError, notFound } from '../errors.ts';
import type { Conversation, ConversationStore } from './conversation-store.ts';

/** Whoever names no user where Dify does not demand one shares one. */
const NOBODY = 'DEFAULT-USER';

/** The user of a call, who stands in the query of a GET and in the body of any other. */
export function userOf({ method, query, json }: Call): string {
  if (method === 'GET') return query.get('user') || NOBODY;
  const { user } = fieldsOf(json);
  return typeof user === 'string' && user !== '' ? user : NOBODY;
}

/** The fields of a body; none of one that is no object. */
export function fieldsOf(json: unknown): Record<string, unknown> {
  const isObject = typeof json === 'object' && json !== null && !Array.isArray(json);
  return isObject ? { ...json } : {};
}

/** Refuses a call of an app that holds no conversation. */
export function refuseUnlessChat(key: string): Refusal | undefined {
  const { mode } = findApp(key);
  if (mode === 'chat' || mode === 'agent-chat' || mode === 'advanced-chat') return undefined;
  const message = 'Please check if your app mode matches the right API route.';
  return { refusal: difyError(400, 'not_chat_app', message) };
}

/** A route about the conversation `:id` of the caller's user. */
export function ofConversation(
  conversations: ConversationStore,
  route: Pick<Route, 'method' | 'path' | 'kind'>,
  answer: (call: Call, found: Conversation) => PreparedCall | Refusal,
): Route {
  return {
    ...route,
    paid: false,
    prepare: (call) => {
      const refusal = refuseUnlessChat(call.key);
      if (refusal) return refusal;
      const found = conversations.find(call.params.id ?? '', call.key, userOf(call));
      return found ? answer(call, found) : { refusal: notFound('Conversation Not Exists.') };
    },
  };
}
