import {
  SluiceError,
  type ChatInput,
  type CostUsd,
  type EmbeddingInput,
  type JobRecord,
  type Outcome,
  type RerankInput,
  type Usage,
} from '@sluice/contracts';
import {
  costOf,
  estimateEmbeddingUsage,
  estimateRerankUsage,
  estimateUsage,
} from '@sluice/metering';

import type { UpstreamOutcome } from './call-upstream.ts';
import type { Plan } from './plan-job.ts';
import { isCacheable, keyOf } from './read-cached-result.ts';

type Bought = Extract<UpstreamOutcome, { ok: true; pause?: undefined }>;

/** The ending of a job whose upstream answered. A Dify run that failed inside is a failed job that keeps its result. */
export async function completeJob(plan: Plan, call: Bought): Promise<Outcome> {
  const usage = call.usage ?? (await estimate(plan.record, call));
  const costUsd: CostUsd = call.costUsd ?? costOf(usage, plan.target.price);
  const metered = { ...(usage && { usage }), costUsd, attempt: call.attempt };
  const { result } = call;
  if (result.type === 'workflow' && (result.status === 'failed' || result.status === 'stopped')) {
    const message = result.error ?? `the workflow run ended as ${result.status}`;
    const error = new SluiceError('workflow_failed', message).toJSON();
    return { kind: 'ended', ending: { state: 'failed', error, result, ...metered } };
  }
  const cache = { status: cacheStatus(plan) } as const;
  const ending = { state: 'completed', result, cache, ...metered } as const;
  if (!plan.route.cache || !isCacheable(plan)) return { kind: 'ended', ending };
  const cacheAs = { key: keyOf(plan), ttlMs: plan.route.cache.ttlMs };
  return { kind: 'ended', ending, cacheAs };
}

function cacheStatus(plan: Plan): 'miss' | 'bypass' | 'refresh' | 'off' {
  if (!plan.route.cache) return 'off';
  if (!isCacheable(plan)) return 'bypass';
  return plan.record.cacheMode === 'refresh' ? 'refresh' : 'miss';
}

/** An upstream that says nothing about tokens is counted for; a workflow's inner calls cannot be. */
async function estimate({ input }: JobRecord, { result }: Bought): Promise<Usage | undefined> {
  // The type of the result is that of the job, which says which input it holds.
  switch (result.type) {
    case 'chat':
      return await estimateUsage(input as ChatInput, result);
    case 'embedding':
      return await estimateEmbeddingUsage(input as EmbeddingInput);
    case 'rerank':
      return await estimateRerankUsage(input as RerankInput);
    case 'transcription':
    case 'workflow':
      return undefined;
  }
}
