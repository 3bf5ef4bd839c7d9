import { costUsd } from '../../models/catalogue.ts';
import { embed, toWords } from '../../openai/embeddings/embed.ts';
import { answerWhole } from '../../server/answer-whole.ts';
import type { Call, Reply } from '../../server/call.ts';
import type { PreparedCall, Refusal, Route } from '../../server/dialect.ts';
import type { World } from '../../world.ts';
import { JSON_TYPE } from '../errors.ts';
import { findGeminiModel } from '../find-gemini-model.ts';
import { readEmbedBatch, readEmbedRequest } from './read-embed-request.ts';
import type { EmbedRequest } from './read-embed-request.ts';

type Form = {
  read(call: Call): EmbedRequest[] | Reply;
  describe(embeddings: object[]): object;
};

const ONE: Form = {
  read: ({ json }) => {
    const request = readEmbedRequest(json, 'EmbedContentRequest');
    return 'status' in request ? request : [request];
  },
  describe: ([embedding]) => ({ embedding }),
};

const BATCH: Form = { read: readEmbedBatch, describe: (embeddings) => ({ embeddings }) };

/**
 * `:embedContent` and `:batchEmbedContents`. Vectors are those of OpenAI's embeddings here.
 * @see https://ai.google.dev/api/embeddings
 */
export function createEmbedRoutes(world: World, version: string): Route[] {
  const route = (verb: string, form: Form): Route => ({
    method: 'POST',
    path: `/${version}/models/:model:${verb}`,
    kind: 'embedding',
    paid: true,
    prepare: (call) => prepare(world, call, form),
  });
  return [route('embedContent', ONE), route('batchEmbedContents', BATCH)];
}

function prepare(world: World, call: Call, form: Form): PreparedCall | Refusal {
  const named = findGeminiModel(call, 'embedContent');
  if ('status' in named) return { refusal: named };
  const requests = form.read(call);
  if ('status' in requests) return { refusal: requests };
  const inputTokens = requests.reduce((sum, { tokens }) => sum + tokens, 0);
  return {
    model: named.modelId,
    reservedTokens: inputTokens,
    answer: (exchange) =>
      answerWhole(exchange, {
        behaviour: world.behaviour.for(call.key),
        outputTokens: 0,
        usage: () => ({
          inputTokens,
          outputTokens: 0,
          costUsd: costUsd(named.model, inputTokens, 0),
        }),
        reply: () => reply(requests, inputTokens, form),
      }),
  };
}

function reply(requests: EmbedRequest[], inputTokens: number, { describe }: Form): Reply {
  const embeddings = requests.map(({ text, dimensions }) => ({
    values: Array.from(embed(toWords(text), dimensions)),
  }));
  const usageMetadata = { promptTokenCount: inputTokens };
  const body = JSON.stringify({ ...describe(embeddings), usageMetadata });
  return { status: 200, headers: { 'content-type': JSON_TYPE }, body };
}
