import { answerStream } from '../../server/answer-stream.ts';
import type { StreamPiece } from '../../server/answer-stream.ts';
import { answerWhole } from '../../server/answer-whole.ts';
import type { Call } from '../../server/call.ts';
import type { PreparedCall, Refusal, Route } from '../../server/dialect.ts';
import type { Exchange } from '../../server/exchange.ts';
import { countTokens } from '../../text.ts';
import type { World } from '../../world.ts';
import { isNewest } from '../api-version.ts';
import { errorReply, standardError } from '../errors.ts';
import { composeAnswer } from './compose-answer.ts';
import { describeMessage } from './message-plan.ts';
import type { MessagePlan } from './message-plan.ts';
import type { InputUse, PromptCache } from './prompt-cache.ts';
import { readMessageRequest } from './read-message-request.ts';
import type { MessageRequest } from './read-message-request.ts';
import { streamEvents } from './stream-events.ts';
import { billMessage, chargedTokens } from './usage.ts';

const MAX_BODY_BYTES = 32 * 1024 * 1024;

/**
 * `POST /v1/messages`. Input is charged at admission without what the cache knew, output as it is
 * produced; max_tokens reserves nothing.
 * @see https://platform.claude.com/docs/en/api/messages/create
 */
export function createMessagesRoute(world: World, cache: PromptCache): Route {
  return {
    method: 'POST',
    path: '/v1/messages',
    kind: 'chat',
    paid: true,
    prepare: (call): PreparedCall | Refusal => {
      if (call.body.length > MAX_BODY_BYTES) return { refusal: standardError(413, call) };
      const request = readMessageRequest(call.json, isNewest(call));
      if ('status' in request) return { refusal: errorReply(request, call) };
      const scope = `${call.key}\n${request.modelId}`;
      const input = cache.look(request.prompt, scope, world.clock.now());
      return {
        model: request.modelId,
        stream: request.stream,
        inputTokens: chargedTokens(input),
        answer: (exchange) => {
          cache.store(input, world.clock.now());
          return answerMessage(world, exchange, { request, input });
        },
      };
    },
  };
}

function answerMessage(
  world: World,
  exchange: Exchange,
  { request, input }: { request: MessageRequest; input: InputUse },
): Promise<void> {
  const behaviour = world.behaviour.for(exchange.call.key);
  const answer = composeAnswer(request, behaviour.settings.reply);
  const plan: MessagePlan = { request, input, answer };
  const { outputTokens } = answer;
  const charge = createOutputCharge(world, exchange.call);
  const usage = (tokens: number): ReturnType<typeof billMessage> => {
    charge(tokens);
    return billMessage(request.model, input, tokens);
  };
  if (!request.stream) {
    const reply = () => ({
      status: 200,
      body: JSON.stringify(describeMessage(exchange.call, plan)),
    });
    return answerWhole(exchange, { behaviour, outputTokens, usage, reply });
  }
  const pieces = charging(streamEvents(exchange, plan, behaviour.settings.chunks), charge);
  return answerStream(exchange, { behaviour, pieces, outputTokens, usage });
}

type OutputCharge = (totalTokens: number) => void;

/** Charges the output of a call so far; what was charged before is not charged again. */
function createOutputCharge(world: World, call: Call): OutputCharge {
  let charged = 0;
  return (totalTokens) => {
    if (totalTokens <= charged) return;
    call.limiter.chargeOutput(world.clock.now(), totalTokens - charged);
    charged = totalTokens;
  };
}

/** The same pieces, each charged when it is sent. */
function* charging(pieces: Iterable<StreamPiece>, charge: OutputCharge): Generator<StreamPiece> {
  let characters = 0;
  for (const piece of pieces) {
    characters += piece.characters;
    charge(countTokens(characters));
    yield piece;
  }
}
