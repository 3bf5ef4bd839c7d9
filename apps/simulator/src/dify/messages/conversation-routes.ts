import type { Call } from '../../server/call.ts';
import type { PreparedCall, Refusal, Route } from '../../server/dialect.ts';
import { serve, serveNothing } from '../../server/serve.ts';
import { invalidParam, notFound } from '../errors.ts';
import { nameOf } from './conversation-store.ts';
import type { Conversation, ConversationStore } from './conversation-store.ts';
import { fieldsOf, ofConversation, refuseUnlessChat, userOf } from './whose.ts';

const PAGE = 20;

/** How a list is ordered by the field that its name ends with; `-` in front is newest first. */
const ORDERS = ['created_at', '-created_at', 'updated_at', '-updated_at'];

/**
 * `GET /conversations`, `DELETE /conversations/:id`, `POST /conversations/:id/name`.
 * @see https://docs.dify.ai/api-reference/conversations/list-conversations
 */
export function createConversationRoutes(conversations: ConversationStore): Route[] {
  const path = '/conversations/:id';
  const kind = 'conversations';
  return [
    {
      method: 'GET',
      path: '/conversations',
      kind,
      paid: false,
      prepare: (call) => refuseUnlessChat(call.key) ?? listConversations(call, conversations),
    },
    ofConversation(conversations, { method: 'DELETE', path, kind }, (_call, found) => {
      conversations.remove(found);
      return serveNothing();
    }),
    ofConversation(
      conversations,
      { method: 'POST', path: `${path}/name`, kind },
      renameConversation,
    ),
  ];
}

/** Part of a list, as its query asks for it. */
export function pageOf<Item extends { id: string }>(
  items: readonly Item[],
  query: URLSearchParams,
): { limit: number; has_more: boolean; data: Item[] } | undefined {
  const last = query.get('last_id');
  const before = last ? items.findIndex(({ id }) => id === last) : -1;
  if (last && before === -1) return undefined;
  const limit = Number(query.get('limit') ?? PAGE);
  const rest = items.slice(before + 1);
  return { limit, has_more: rest.length > limit, data: rest.slice(0, limit) };
}

function listConversations(call: Call, store: ConversationStore): PreparedCall | Refusal {
  const { query, key } = call;
  const order = query.get('sort_by') ?? '-updated_at';
  if (!ORDERS.includes(order)) return { refusal: invalidParam(`sort_by: ${order}`) };
  const field = order.endsWith('created_at') ? 'createdAt' : 'updatedAt';
  const list = store.list(key, userOf(call));
  // Of one second the later stays behind the earlier.
  const sorted = list.toSorted((a, b) => a[field] - b[field]);
  const page = pageOf(order.startsWith('-') ? sorted.toReversed() : sorted, query);
  if (!page) return { refusal: notFound('Last Conversation Not Exists.') };
  return serve(200, { ...page, data: page.data.map(describeConversation) });
}

function renameConversation({ json }: Call, conversation: Conversation): PreparedCall | Refusal {
  const { name, auto_generate: auto } = fieldsOf(json);
  const [first] = conversation.messages;
  if (auto === true) conversation.name = nameOf(first?.query ?? '');
  else if (typeof name === 'string' && name.trim() !== '') conversation.name = name;
  else return { refusal: invalidParam('name is required when auto_generate is false') };
  return serve(200, describeConversation(conversation));
}

function describeConversation({ id, name, inputs, createdAt, updatedAt }: Conversation): object {
  return {
    id,
    name,
    inputs,
    status: 'normal',
    introduction: '',
    created_at: createdAt,
    updated_at: updatedAt,
  };
}
