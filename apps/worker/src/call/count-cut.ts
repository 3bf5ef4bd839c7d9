import type {
  AnswerDelta,
  ChatAnswer,
  ChatInput,
  ChatResult,
  EmbeddingInput,
  ErrorCode,
  RerankInput,
  SluiceError,
  TextDelta,
  Usage,
} from '@sluice/contracts';
import {
  costOf,
  estimateEmbeddingUsage,
  estimateInputTokens,
  estimateRerankUsage,
  estimateUsage,
  roundCost,
} from '@sluice/metering';

import { callTypeOf } from '../begin/call-type.ts';
import type { UpstreamOutcome } from './call-upstream.ts';
import type { Plan } from '../begin/plan-job.ts';

type FailedCall = Extract<UpstreamOutcome, { ok: false }>;

/** Failures that come after the upstream has begun to work: it may charge for what it did. */
const cutCodes: readonly ErrorCode[] = [
  'upstream_timeout',
  'upstream_truncated',
  'bad_upstream',
  'content_filtered',
  'cancelled',
  'interrupted',
];

/** Whether the upstream may charge for a call that failed, as one that had started something. Nothing else that fails costs anything. */
export function isCharged({
  isCut,
  isHeld,
  isBought = false,
  error,
}: {
  isCut: boolean;
  isHeld: boolean;
  isBought?: boolean;
  error: SluiceError;
}): boolean {
  return isCut || isHeld || isBought || cutCodes.includes(error.code);
}

/**
 * The call with what it took, where it was cut short: an estimate, because a vendor tells nobody. What was asked is counted,
 * and what had come back by then; of a Dify run the nodes that had ended. Where nothing had, the vendor may have been at work all the same: the output is not known
 * then, and the cost is unknown as soon as output has a price.
 */
export async function countCut(plan: Plan, call: FailedCall): Promise<FailedCall> {
  if (!isCharged(call)) return call;
  const { spent } = call;
  const usage = spent ? spent.usage : await estimate(plan, call.said ?? {});
  const cost_usd = spent ? roundCost(spent.costUsd ?? 'unknown') : costOf(usage, plan.target.price);
  return { ...call, attempt: { ...call.attempt, ...(usage && { usage }), cost_usd } };
}

async function estimate({ record, target }: Plan, said: TextDelta): Promise<Usage | undefined> {
  const options = { kind: target.provider.kind, model: target.model };
  const { input } = record;
  // The record's type says which input it holds; zod checked it at accept.
  switch (callTypeOf(record.type)) {
    case 'chat': {
      if (Object.keys(said).length > 0) {
        return await estimateUsage(input as ChatInput, resultOf(said), options);
      }
      const tokens = await estimateInputTokens(input as ChatInput, options);
      return { input_tokens: tokens, total_tokens: tokens, source: 'estimate' };
    }
    case 'embedding':
      return await estimateEmbeddingUsage(input as EmbeddingInput, options);
    case 'rerank':
      return await estimateRerankUsage(input as RerankInput, options);
    case 'transcription':
    case 'workflow':
      return undefined;
  }
}

/** The beginning of an answer as if it were one, to be counted. */
function resultOf({ alternatives, ...first }: TextDelta): ChatResult {
  return {
    type: 'chat',
    ...answerOf(first),
    ...(alternatives && { alternatives: alternatives.map(answerOf) }),
  };
}

function answerOf({ content, reasoning, tool_calls: calls }: AnswerDelta): ChatAnswer {
  const toolCalls = calls?.map(({ index, id = `call_${index}`, function: called }) => ({
    id,
    type: 'function' as const,
    function: { name: called?.name ?? '', arguments: called?.arguments ?? '' },
  }));
  return {
    message: {
      role: 'assistant',
      content: content ?? null,
      ...(reasoning !== undefined && { reasoning }),
      ...(toolCalls && { tool_calls: toolCalls }),
    },
    finish_reason: { unified: 'other', raw: '' },
  };
}
