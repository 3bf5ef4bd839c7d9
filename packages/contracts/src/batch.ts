import { z } from 'zod';

import { chatInput } from './chat.ts';
import { embeddingInput } from './embedding.ts';
import { fallback } from './fallback.ts';
import { name } from './name.ts';
import type { ErrorData } from './errors.ts';
import { rerankInput } from './rerank.ts';
import type { RunResult } from './run.ts';
import { transcriptionInput } from './transcription.ts';
import type { CostUsd, Usage } from './usage.ts';
import { workflowInput } from './workflow.ts';

export const maxInlineBatchRequests = 1_000;

/** What each request may say beside its model and input. */
const requestOptions = { custom_id: z.string().min(1).max(128).optional(), fallback };

const batchRequest = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('chat'), ...requestOptions, model: name, input: chatInput }),
  z.strictObject({
    type: z.literal('embedding'),
    ...requestOptions,
    model: name,
    input: embeddingInput,
  }),
  z.strictObject({
    type: z.literal('rerank'),
    ...requestOptions,
    model: name,
    input: rerankInput,
  }),
  z.strictObject({
    type: z.literal('transcription'),
    ...requestOptions,
    model: name,
    input: transcriptionInput,
  }),
  z.strictObject({
    type: z.literal('workflow'),
    ...requestOptions,
    app: name,
    input: workflowInput,
  }),
]);
export type BatchRequest = z.infer<typeof batchRequest>;

/** The `input` of a batch job: requests of any other type, in the order in which the results come back. */
export const batchInput = z.strictObject({
  requests: z
    .array(batchRequest)
    .min(1)
    .max(maxInlineBatchRequests)
    .superRefine((requests, context) => {
      const firsts = new Map<string, number>();
      for (const [index, { custom_id: id }] of requests.entries()) {
        if (id === undefined) continue;
        const first = firsts.get(id);
        if (first === undefined) firsts.set(id, index);
        else {
          const message = `must be another than that of requests[${first}]`;
          context.addIssue({ code: 'custom', path: [index, 'custom_id'], message });
        }
      }
    }),
});
export type BatchInput = z.infer<typeof batchInput>;

/** One request of a batch after it ended. */
export interface BatchItem {
  index: number;
  custom_id?: string;
  job_id: string;
  status: 'succeeded' | 'failed' | 'cancelled' | 'expired';
  result?: RunResult;
  error?: ErrorData;
  usage?: Usage;
  cost_usd: CostUsd;
  latency_ms: number;
}

/** The result of a batch job: every item in input order, and the sum. */
export interface BatchResult {
  type: 'batch';
  items: BatchItem[];
  summary: {
    total: number;
    succeeded: number;
    failed: number;
    average_latency_ms: number;
    total_tokens: number;
    /** `unknown` as soon as the price of one item is unknown. */
    cost_usd: CostUsd;
  };
}
