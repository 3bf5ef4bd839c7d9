import type { Exchange } from '../../server/exchange.ts';
import type { Route } from '../../server/dialect.ts';
import type { World } from '../../world.ts';
import type { ChatPlan } from './chat-plan.ts';
import { OPENAI_CHAT } from './chat-variant.ts';
import type { ChatVariant } from './chat-variant.ts';
import { composeChoice } from './compose-choice.ts';
import type { Choice } from './compose-choice.ts';
import { readPrefix } from './read-prefix.ts';
import { readChatRequest } from './read-chat-request.ts';
import { streamChat } from './stream-chat.ts';
import type { ChatRequest } from './read-chat-request.ts';
import { describeLogprobs, describeSound } from './describe-parts.ts';
import { chatUsage, completionUsage } from './usage.ts';

/**
 * `POST /chat/completions`, as OpenAI answers it or a variant of it.
 * @see https://platform.openai.com/docs/api-reference/chat
 */
export function createChatRoute(world: World, variant: ChatVariant = OPENAI_CHAT): Route {
  return {
    method: 'POST',
    path: '/chat/completions',
    kind: 'chat',
    paid: true,
    prepare: (call) => {
      const request = readChatRequest(call.json);
      if ('status' in request) return { refusal: request };
      const refusal = variant.refuse(request);
      if (refusal !== undefined) return { refusal };
      return {
        model: request.modelId,
        stream: request.stream,
        reservedTokens: variant.reserveTokens(request),
        answer: (exchange) => {
          const behaviour = world.behaviour.for(call.key);
          const choice = composeChoice(request, behaviour.settings.reply);
          const choices = Array.from({ length: request.choices }, () => choice);
          const cachedTokens = variant.cachesPrompts ? readPrefix(world, request, call.key) : 0;
          const plan = { request, choices, behaviour, variant, cachedTokens };
          return request.stream ? streamChat(exchange, plan) : replyChat(exchange, plan);
        },
      };
    },
  };
}

async function replyChat(exchange: Exchange, plan: ChatPlan): Promise<void> {
  const { choices, behaviour } = plan;
  const latencyMs = behaviour.draw(behaviour.settings.latencyMs);
  const startedAt = exchange.clock.now();
  if (latencyMs > 0) await exchange.sleep(latencyMs);
  const outputTokens = sumOutput(choices);
  if (!exchange.open) {
    const share = Math.min(1, (exchange.clock.now() - startedAt) / latencyMs);
    return exchange.settle('aborted', chatUsage(plan, Math.floor(outputTokens * share)));
  }
  await exchange.reply({ status: 200, body: JSON.stringify(describeCompletion(exchange, plan)) });
  exchange.settleByEnding(chatUsage(plan, outputTokens));
}

function sumOutput(choices: Choice[]): number {
  return choices.reduce((sum, choice) => sum + choice.outputTokens, 0);
}

function describeCompletion(exchange: Exchange, plan: ChatPlan): object {
  const { request, choices, variant } = plan;
  return {
    id: `chatcmpl-${exchange.call.requestId.slice(4)}`,
    object: 'chat.completion',
    created: Math.floor(exchange.call.ledger.entry.atMs / 1000),
    model: request.modelId,
    choices: choices.map((choice, index) => ({
      index,
      message: describeMessage(choice, request, exchange),
      logprobs: describeLogprobs(request, choice.text),
      finish_reason: choice.finishReason,
      ...variant.choiceFields(true),
    })),
    usage: completionUsage(plan, sumOutput(choices)),
    service_tier: request.form.serviceTier,
    system_fingerprint: 'fp_simulator',
    ...variant.answerFields,
  };
}

function describeMessage(
  { text, toolCalls }: Choice,
  { form }: ChatRequest,
  exchange: Exchange,
): object {
  const base = { role: 'assistant', refusal: null, annotations: [] };
  if (toolCalls.length === 0 && form.sound !== undefined) {
    return { ...base, content: null, audio: describeSound(text, exchange) };
  }
  if (toolCalls.length === 0) return { ...base, content: text };
  const calls = toolCalls.map(({ id, name, arguments: json }) => ({
    id,
    type: 'function',
    function: { name, arguments: json },
  }));
  return { ...base, content: null, tool_calls: calls };
}
