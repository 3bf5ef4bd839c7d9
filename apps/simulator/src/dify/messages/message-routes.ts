import type { Call } from '../../server/call.ts';
import type { PreparedCall, Refusal, Route } from '../../server/dialect.ts';
import { countTokens } from '../../text.ts';
import type { World } from '../../world.ts';
import type { AppMode } from '../apps/app.ts';
import type { RunStore } from '../runs/run-store.ts';
import { answerMessage } from './answer-message.ts';
import type { ConversationStore } from './conversation-store.ts';
import { readMessageRequest } from './read-message-request.ts';

/**
 * `POST /chat-messages` and `POST /completion-messages`. A chatflow runs on when its client leaves;
 * the other apps stop.
 * @see https://docs.dify.ai/api-reference/chats/send-chat-message
 */
export function createMessageRoutes(
  world: World,
  runs: RunStore,
  conversations: ConversationStore,
): Route[] {
  const route = (path: string, kind: string, modes: readonly AppMode[]): Route => ({
    method: 'POST',
    path,
    kind,
    paid: true,
    prepare: (call) => prepareMessage(call, modes, { world, runs, conversations }),
  });
  return [
    route('/chat-messages', 'chat-message', ['chat', 'agent-chat', 'advanced-chat']),
    route('/completion-messages', 'completion-message', ['completion']),
  ];
}

function prepareMessage(
  call: Call,
  modes: readonly AppMode[],
  stores: { world: World; runs: RunStore; conversations: ConversationStore },
): PreparedCall | Refusal {
  const request = readMessageRequest(call, modes, stores.conversations);
  if ('status' in request) return { refusal: request };
  return {
    reservedTokens: countTokens(request.query.length),
    stream: request.streaming,
    answer: (exchange) => answerMessage(exchange, request, stores),
  };
}
