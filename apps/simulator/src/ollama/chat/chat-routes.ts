import { costUsd } from '../../models/catalogue.ts';
import { answerStream } from '../../server/answer-stream.ts';
import { answerWhole } from '../../server/answer-whole.ts';
import type { Call, Reply } from '../../server/call.ts';
import type { PreparedCall, Refusal, Route } from '../../server/dialect.ts';
import type { Exchange } from '../../server/exchange.ts';
import type { World } from '../../world.ts';
import { JSON_TYPE } from '../errors.ts';
import { composeAnswer } from './compose-answer.ts';
import { describeAnswer, streamLines } from './describe-answer.ts';
import type { OllamaRequest } from './ollama-request.ts';
import { readChatRequest } from './read-chat-request.ts';
import { readGenerateRequest } from './read-generate-request.ts';

/** Content-Type of a stream: one JSON object a line. */
export const STREAM_TYPE = 'application/x-ndjson';

/**
 * `POST /api/chat` and `POST /api/generate`, streamed unless `stream` is false.
 * @see https://docs.ollama.com/api/streaming
 */
export function createChatRoutes(world: World): Route[] {
  const route = (path: string, read: (json: unknown) => OllamaRequest | Reply): Route => ({
    method: 'POST',
    path,
    kind: 'chat',
    paid: true,
    prepare: (call) => prepare(world, call, read(call.json)),
  });
  return [route('/api/chat', readChatRequest), route('/api/generate', readGenerateRequest)];
}

function prepare(world: World, call: Call, request: OllamaRequest | Reply): PreparedCall | Refusal {
  if ('status' in request) return { refusal: request };
  return {
    model: request.modelId,
    stream: request.stream,
    reservedTokens: request.promptTokens,
    answer: (exchange) => answerRequest(world, exchange, request),
  };
}

function answerRequest(world: World, exchange: Exchange, request: OllamaRequest): Promise<void> {
  const { model, promptTokens } = request;
  const behaviour = world.behaviour.for(exchange.call.key);
  const answer = composeAnswer(request, behaviour.settings.reply);
  const plan = { exchange, request, answer, chunks: behaviour.settings.chunks };
  const inputTokens = request.only === undefined ? promptTokens : 0;
  const usage = (outputTokens: number) => ({
    inputTokens,
    outputTokens,
    costUsd: costUsd(model, inputTokens, outputTokens),
  });
  const booking = { behaviour, outputTokens: answer.outputTokens, usage };
  if (request.stream) {
    return answerStream(exchange, {
      ...booking,
      contentType: STREAM_TYPE,
      pieces: streamLines(plan),
    });
  }
  return answerWhole(exchange, {
    ...booking,
    reply: () => ({
      status: 200,
      headers: { 'content-type': JSON_TYPE },
      body: JSON.stringify(describeAnswer(plan)),
    }),
  });
}
