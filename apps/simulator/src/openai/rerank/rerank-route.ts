import { costUsd } from '../../models/catalogue.ts';
import { answerWhole } from '../../server/answer-whole.ts';
import type { Call } from '../../server/call.ts';
import type { PreparedCall, Refusal, Route } from '../../server/dialect.ts';
import type { World } from '../../world.ts';
import { readRerankRequest } from './read-rerank-request.ts';
import type { RerankRequest } from './read-rerank-request.ts';
import { scoreDocuments } from './score-documents.ts';

/** Documents of one search unit, by which Cohere bills. */
const DOCUMENTS_PER_UNIT = 100;

/**
 * `POST /rerank`, which OpenAI does not have: the shape Cohere began and Jina, vLLM and others took
 * over. A reply has what each of them sends: Cohere's `meta`, the others' `usage`.
 * @see https://docs.cohere.com/reference/rerank
 * @see https://docs.vllm.ai/en/stable/serving/openai_compatible_server/#rerank-api
 */
export function createRerankRoute(world: World): Route {
  return {
    method: 'POST',
    path: '/rerank',
    kind: 'rerank',
    paid: true,
    prepare: (call) => prepare(world, call),
  };
}

function prepare(world: World, call: Call): PreparedCall | Refusal {
  const request = readRerankRequest(call.json);
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
        reply: () => ({ status: 200, body: JSON.stringify(describeRanking(call, request)) }),
      }),
  };
}

function describeRanking(call: Call, request: RerankRequest): object {
  const { documents, query, topN, returnDocuments, tokens } = request;
  const searchUnits = Math.ceil(documents.length / DOCUMENTS_PER_UNIT);
  return {
    id: `rerank-${call.requestId.slice(4)}`,
    model: request.modelId,
    results: scoreDocuments(query, documents)
      .slice(0, topN)
      .map(({ index, relevance }) => ({
        index,
        relevance_score: relevance,
        ...(returnDocuments && { document: { text: documents[index] } }),
      })),
    usage: { prompt_tokens: tokens, total_tokens: tokens },
    meta: { api_version: { version: '2' }, billed_units: { search_units: searchUnits } },
  };
}
