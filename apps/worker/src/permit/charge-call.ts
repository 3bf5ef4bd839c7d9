import type { Lane, Target } from '@sluice/config';
import type { ChatInput, EmbeddingInput, JobRecord, RerankInput } from '@sluice/contracts';
import { countsTokens, profiles, type PermitAmounts, type Profile } from '@sluice/limits';
import { estimateEmbeddingUsage, estimateInputTokens, estimateRerankUsage } from '@sluice/metering';

import { callTypeOf } from '../begin/call-type.ts';
import type { Plan } from '../begin/plan-job.ts';
import type { RunJobDeps } from '../run-job-deps.ts';

/**
 * What the call will be charged: one request, and its tokens as the lane's profile reserves them. They are counted only
 * where the lane or its tenants have a limit on them.
 */
export async function chargeOf(
  plan: Plan,
  deps: Pick<RunJobDeps, 'forecast'>,
  signal: AbortSignal,
): Promise<PermitAmounts> {
  const { record, lane } = plan;
  if (record.type === 'workflow' || !countsTokens(lane)) return { requests: 1 };
  const input = await inputTokensOf(plan, signal);
  return profileOf(lane).reserve({
    input,
    maxOutput: maxOutputOf(plan),
    expectedOutput: deps.forecast.expect(targetName(plan)),
  });
}

/** How the lane's provider charges. */
export function profileOf(lane: Lane): Profile {
  return profiles[lane.profile ?? 'plain'];
}

/** A call to be: what is asked of whom. */
export interface AskedCall {
  record: Pick<JobRecord, 'type' | 'input'>;
  target: Target;
}

/** What calls are compared with to foresee their output. */
export function targetName({ target }: Pick<AskedCall, 'target'>): string {
  return `${target.provider.name}/${target.model}`;
}

/** Tokens of the input as the target counts them; 0 where nobody knows before. */
export async function inputTokensOf(
  { record, target }: AskedCall,
  signal: AbortSignal,
): Promise<number> {
  const options = { kind: target.provider.kind, model: target.model, signal };
  const { input } = record;
  // The record's type says which input it holds; zod checked it at accept.
  switch (callTypeOf(record.type)) {
    case 'chat':
      return await estimateInputTokens(input as ChatInput, options);
    case 'embedding':
      return (await estimateEmbeddingUsage(input as EmbeddingInput, options)).total_tokens;
    case 'rerank':
      return (await estimateRerankUsage(input as RerankInput, options)).total_tokens;
    // Nobody knows before: it depends on how long the sound is and how much is said.
    case 'transcription':
    case 'workflow':
      return 0;
  }
}

/** The most output that the call asks for; `undefined` where it does not say. */
export function maxOutputOf({ record }: Pick<AskedCall, 'record'>): number | undefined {
  if (record.type !== 'chat') return 0;
  // As above.
  const { max_completion_tokens: asked, max_tokens: older, n = 1 } = record.input as ChatInput;
  if (asked === undefined && older === undefined) return undefined;
  // A client that sends both must not be charged for the smaller one only. Each of several answers may be as long.
  return Math.max(asked ?? 0, older ?? 0) * n;
}
