import { answerStream } from '../../server/answer-stream.ts';
import { answerWhole } from '../../server/answer-whole.ts';
import type { Route } from '../../server/dialect.ts';
import type { Exchange } from '../../server/exchange.ts';
import type { World } from '../../world.ts';
import { OPENAI_CHAT } from '../chat/chat-variant.ts';
import type { ChatVariant } from '../chat/chat-variant.ts';
import { composeChoice } from '../chat/compose-choice.ts';
import { readPrefix } from '../chat/read-prefix.ts';
import { chatUsage } from '../chat/usage.ts';
import { describeOutput, describeResponse } from './describe-response.ts';
import type { ResponsePlan } from './describe-response.ts';
import { readResponseRequest } from './read-response-request.ts';
import type { ResponseRequest } from './read-response-request.ts';
import { streamResponse } from './stream-response.ts';

/**
 * `POST /responses`, in the foreground only.
 * @see https://platform.openai.com/docs/api-reference/responses
 */
export function createResponsesRoute(world: World, variant: ChatVariant = OPENAI_CHAT): Route {
  return {
    method: 'POST',
    path: '/responses',
    kind: 'chat',
    paid: true,
    prepare: (call) => {
      const request = readResponseRequest(call.json);
      if ('status' in request) return { refusal: request };
      const refusal = variant.refuse(request.chat);
      if (refusal !== undefined) return { refusal };
      return {
        model: request.chat.modelId,
        stream: request.chat.stream,
        reservedTokens: variant.reserveTokens(request.chat),
        answer: (exchange) => answer(world, request, exchange),
      };
    },
  };
}

async function answer(world: World, request: ResponseRequest, exchange: Exchange): Promise<void> {
  const { call } = exchange;
  const behaviour = world.behaviour.for(call.key);
  const { chat } = request;
  const plan: ResponsePlan = {
    request,
    choice: composeChoice(chat, behaviour.settings.reply),
    id: call.requestId.slice(4),
    createdAt: Math.floor(call.ledger.entry.atMs / 1000),
    cachedTokens: readPrefix(world, chat, call.key),
  };
  const { outputTokens } = plan.choice;
  const usage = (tokens: number) =>
    chatUsage({ request: chat, cachedTokens: plan.cachedTokens }, tokens);
  const shared = { behaviour, outputTokens, usage };
  if (chat.stream) {
    const pieces = streamResponse(plan, behaviour.settings.chunks);
    return await answerStream(exchange, { ...shared, pieces });
  }
  const reply = () => ({
    status: 200,
    body: JSON.stringify(describeResponse(plan, describeOutput(plan))),
  });
  return await answerWhole(exchange, { ...shared, reply });
}
