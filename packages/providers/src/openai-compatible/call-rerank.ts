import { textOfDocument, type RankedDocument, type Usage } from '@sluice/contracts';
import { z } from 'zod';

import type { RerankCall } from '../adapter.ts';
import type { RerankReply } from '../replies.ts';
import { badUpstream } from '../http/call-upstream.ts';
import { callDocument } from '../http/call-document.ts';
import type { HttpClient } from '../http/http-client.ts';
import { requestIdOf } from '../http/upstream-error.ts';
import type { Dialect } from './dialect.ts';

const count = z.number().nullish().catch(undefined);

const ranking = z.object({
  results: z.array(z.object({ index: z.int().min(0), relevance_score: z.number() })),
  model: z.string().nullish().catch(undefined),
  usage: z.object({ prompt_tokens: count, total_tokens: count }).nullish().catch(undefined),
  meta: z
    .object({
      tokens: z.object({ input_tokens: count }).nullish().catch(undefined),
      billed_units: z
        .object({ search_units: count, input_tokens: count })
        .nullish()
        .catch(undefined),
    })
    .nullish()
    .catch(undefined),
});
type Ranking = z.infer<typeof ranking>;

/**
 * One rerank call in the shape that Cohere, Jina, vLLM and others share. Documents are not asked for: the index says which
 * one a score is of, and Cohere's second version does not send them any more.
 * @see https://docs.cohere.com/reference/rerank
 * @see https://docs.vllm.ai/en/stable/serving/openai_compatible_server/#rerank-api
 */
export async function callRerank(
  http: HttpClient,
  call: RerankCall,
  dialect: Dialect,
): Promise<RerankReply> {
  const { target, signal, jobId, onRaw } = call;
  const { return_documents: _ownWork, ...input } = call.input;
  const { value, headers } = await callDocument(
    { http, target, signal, judge: dialect.judge, onRaw },
    {
      method: 'POST',
      path: dialect.path,
      headers: { ...dialect.headers, 'x-client-request-id': jobId },
      body: { ...input, model: target.model },
      sendBy: call.sendBy,
    },
    { schema: ranking, name: 'results' },
  );
  return {
    result: { type: 'rerank', model: value.model ?? target.model, results: rank(call, value) },
    usage: usageOf(value),
    upstreamRequestId: requestIdOf(headers),
  };
}

/** Best first. Throws `bad_upstream` for a place that no document has, or that comes twice. */
function rank({ input, target }: RerankCall, { results }: Ranking): RankedDocument[] {
  const places = new Set(results.map(({ index }) => index));
  const areKnown = results.every(({ index }) => index < input.documents.length);
  if (!areKnown || places.size !== results.length || results.length === 0) {
    const what = `ranked other documents than the ${input.documents.length} it was sent`;
    throw badUpstream(target, what, JSON.stringify(results));
  }
  return results
    .toSorted((a, b) => b.relevance_score - a.relevance_score)
    .slice(0, input.top_n)
    .map(({ index, relevance_score }) => {
      const document = input.return_documents ? input.documents[index] : undefined;
      return {
        index,
        relevance_score,
        ...(document !== undefined && { document: { text: textOfDocument(document) } }),
      };
    });
}

/** Tokens as Jina and vLLM count them, search units as Cohere does. A ranking has no output: its zero is known. */
function usageOf({ usage, meta }: Ranking): Usage | undefined {
  const tokens =
    usage?.prompt_tokens ??
    usage?.total_tokens ??
    meta?.tokens?.input_tokens ??
    meta?.billed_units?.input_tokens;
  const units = meta?.billed_units?.search_units;
  if (typeof tokens !== 'number' && typeof units !== 'number') return undefined;
  return {
    ...(typeof tokens === 'number' && { input_tokens: tokens, output_tokens: 0 }),
    ...(typeof units === 'number' && { search_units: units }),
    total_tokens: tokens ?? 0,
    source: 'provider',
  };
}
