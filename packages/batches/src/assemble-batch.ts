import { Big } from 'big.js';

import {
  childJobId,
  isTerminal,
  SluiceError,
  type BatchInput,
  type BatchItem,
  type BatchRequest,
  type BatchResult,
  type CostUsd,
  type JobRecord,
  type JobRequest,
} from '@sluice/contracts';

/**
 * The result of a batch whose children have ended, in input order. `children[i]` is the record of request `i`, or
 * `undefined` where it was erased; such an item, and one that has not ended after all, counts as failed.
 */
export function assembleBatch(
  batch: JobRequest,
  children: readonly (JobRecord | undefined)[],
): BatchResult {
  // The batch's type says which input it holds; zod checked it at accept.
  const { requests } = batch.input as BatchInput;
  const items = requests.map((request, index) =>
    assembleItem(request, childJobId(batch.jobId, index), index, children[index]),
  );
  const ended = items.filter((_, index) => hasEnded(children[index]));
  return { type: 'batch', items, summary: summarize(items, ended) };
}

function assembleItem(
  request: BatchRequest,
  jobId: string,
  index: number,
  record: JobRecord | undefined,
): BatchItem {
  const identity = {
    index,
    ...(request.custom_id !== undefined && { custom_id: request.custom_id }),
    job_id: jobId,
  };
  if (!record) return { ...identity, ...lost('the record of this request is gone') };
  if (!hasEnded(record)) return { ...identity, ...lost(`this request is still ${record.state}`) };
  return {
    ...identity,
    status: statusOf(record.state),
    // No batch is part of a batch.
    ...(record.result && record.result.type !== 'batch' && { result: record.result }),
    ...(record.error && { error: record.error }),
    ...(record.usage && { usage: record.usage }),
    cost_usd: costOf(record),
    latency_ms: Math.max(0, (record.endedAtMs ?? record.createdAtMs) - record.createdAtMs),
  };
}

function lost(reason: string): Pick<BatchItem, 'status' | 'error' | 'cost_usd' | 'latency_ms'> {
  const error = new SluiceError('internal_error', reason, { retryable: false }).toJSON();
  return { status: 'failed', error, cost_usd: 'unknown', latency_ms: 0 };
}

function hasEnded(record: JobRecord | undefined): boolean {
  return record !== undefined && isTerminal(record.state);
}

function statusOf(state: JobRecord['state']): BatchItem['status'] {
  if (state === 'completed') return 'succeeded';
  return state === 'cancelled' || state === 'expired' ? state : 'failed';
}

/** A job that never reached an upstream cost nothing; one that did, and does not say what it cost, is unknown. */
export function costOf({ costUsd, attempts }: JobRecord): CostUsd {
  return costUsd ?? (attempts.length === 0 ? '0.000000' : 'unknown');
}

/**
 * The sum of a batch. `failed` is everything that did not succeed, cancelled and expired requests included. The average is
 * over the requests that ended, from the accept of the batch to the end of each; waiting counts.
 */
function summarize(
  items: readonly BatchItem[],
  ended: readonly BatchItem[],
): BatchResult['summary'] {
  const succeeded = items.filter((item) => item.status === 'succeeded').length;
  const latencies = ended.map((item) => item.latency_ms);
  return {
    total: items.length,
    succeeded,
    failed: items.length - succeeded,
    average_latency_ms: ended.length === 0 ? 0 : Math.round(sum(latencies) / ended.length),
    total_tokens: sum(items.map((item) => item.usage?.total_tokens ?? 0)),
    cost_usd: sumCosts(items.map((item) => item.cost_usd)),
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function sumCosts(costs: readonly CostUsd[]): CostUsd {
  if (costs.includes('unknown')) return 'unknown';
  return costs.reduce((total, cost) => total.plus(cost), Big(0)).toFixed(6, Big.roundHalfUp);
}
