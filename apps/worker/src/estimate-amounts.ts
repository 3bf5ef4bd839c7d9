import type { Lane } from '@sluice/config';
import {
  listEmbeddingTexts,
  textOfDocument,
  type ChatInput,
  type EmbeddingInput,
  type JobRecord,
  type RerankInput,
} from '@sluice/contracts';
import type { PermitAmounts } from '@sluice/limits';
import { estimateTokensFromBytes } from '@sluice/metering';

/** What a permit for the job's call asks for: one request, and an estimate of its tokens where the lane counts them. */
export function estimateAmounts(record: JobRecord, lane: Lane): PermitAmounts {
  const countsTokens = lane.buckets.some((bucket) => bucket.unit === 'tokens');
  return { requests: 1, tokens: countsTokens ? estimateTokens(record) : 0 };
}

/** The record's type says which input it holds; zod checked it at accept. */
function estimateTokens({ type, input }: JobRecord): number {
  switch (type) {
    case 'chat':
      return estimateChat(input as ChatInput);
    case 'embedding':
      return estimateEmbedding(input as EmbeddingInput);
    case 'rerank':
      return estimateRerank(input as RerankInput);
    case 'workflow':
    case 'batch':
      return 0;
  }
}

/** What comes back at most, or what goes in. */
function estimateChat(input: ChatInput): number {
  const inputTokens = estimateTokensFromBytes(Buffer.byteLength(JSON.stringify(input.messages)));
  return Math.max(inputTokens, input.max_completion_tokens ?? input.max_tokens ?? 0);
}

function estimateEmbedding({ input }: EmbeddingInput): number {
  const counts = listEmbeddingTexts(input).map((text) =>
    typeof text === 'string' ? estimateTokensFromBytes(Buffer.byteLength(text)) : text.length,
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

/** The query is read with each document. */
function estimateRerank({ query, documents }: RerankInput): number {
  const queryBytes = Buffer.byteLength(query);
  const bytes = documents.map((each) => queryBytes + Buffer.byteLength(textOfDocument(each)));
  return estimateTokensFromBytes(bytes.reduce((sum, length) => sum + length, 0));
}
