import { z } from 'zod';

/** The most documents of one job; vendors take 1,000 to 2,048. */
const maxDocuments = 10_000;

const document = z.union([z.string().min(1), z.strictObject({ text: z.string().min(1) })]);
export type RerankDocument = z.infer<typeof document>;

/**
 * The `input` of a rerank job, in the shape that Cohere, Jina, vLLM and others share.
 * @see https://docs.cohere.com/reference/rerank
 * @see https://docs.vllm.ai/en/stable/serving/openai_compatible_server/#rerank-api
 */
export const rerankInput = z.strictObject({
  query: z.string().min(1),
  documents: z.array(document).min(1).max(maxDocuments),
  top_n: z.int().min(1).optional(),
  return_documents: z.boolean().optional(),
});
export type RerankInput = z.infer<typeof rerankInput>;

/** The result of a rerank job. */
export interface RerankResult {
  type: 'rerank';
  /** The upstream's name of the model that answered. */
  model: string;
  /** Best first, at most `top_n`. */
  results: RankedDocument[];
}

export interface RankedDocument {
  /** Place of the document in the input. */
  index: number;
  /** The model's own scale; most have 0 to 1. */
  relevance_score: number;
  /** With `return_documents` only. */
  document?: { text: string };
}

/** A document's text. */
export function textOfDocument(given: RerankDocument): string {
  return typeof given === 'string' ? given : given.text;
}
