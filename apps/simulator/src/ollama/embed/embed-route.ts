import { costUsd } from '../../models/catalogue.ts';
import { embed, toWords } from '../../openai/embeddings/embed.ts';
import { answerWhole } from '../../server/answer-whole.ts';
import type { Call } from '../../server/call.ts';
import type { PreparedCall, Refusal, Route } from '../../server/dialect.ts';
import type { Exchange } from '../../server/exchange.ts';
import type { World } from '../../world.ts';
import { JSON_TYPE } from '../errors.ts';
import { readEmbedRequest } from './read-embed-request.ts';
import type { EmbedRequest } from './read-embed-request.ts';

/**
 * `POST /api/embed`. Vectors are those of OpenAI's embeddings here.
 * @see https://docs.ollama.com/api/embed
 */
export function createEmbedRoute(world: World): Route {
  return {
    method: 'POST',
    path: '/api/embed',
    kind: 'embedding',
    paid: true,
    prepare: (call) => prepare(world, call),
  };
}

function prepare(world: World, call: Call): PreparedCall | Refusal {
  const request = readEmbedRequest(call.json);
  if ('status' in request) return { refusal: request };
  const { model, tokens } = request;
  return {
    model: request.modelId,
    reservedTokens: tokens,
    answer: (exchange) =>
      answerWhole(exchange, {
        behaviour: world.behaviour.for(call.key),
        outputTokens: 0,
        usage: () => ({
          inputTokens: tokens,
          outputTokens: 0,
          costUsd: costUsd(model, tokens, 0),
        }),
        reply: () => ({
          status: 200,
          headers: { 'content-type': JSON_TYPE },
          body: JSON.stringify(describe(exchange, request)),
        }),
      }),
  };
}

function describe({ clock, call }: Exchange, request: EmbedRequest): object {
  const embeddings = request.inputs.map((text) =>
    Array.from(embed(toWords(text), request.dimensions)),
  );
  return {
    model: request.modelId,
    embeddings,
    total_duration: Math.round((clock.now() - call.arrivedAt) * 1_000_000),
    load_duration: 1_000_000,
    prompt_eval_count: request.tokens,
  };
}
