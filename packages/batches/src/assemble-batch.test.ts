import { describe, expect, it } from 'vitest';

import { SluiceError, type JobRecord } from '@sluice/contracts';

import { assembleBatch } from './assemble-batch.ts';
import { childRequests } from './child-requests.ts';
import { batch, completed } from './fixtures.ts';

const children = childRequests(batch, () => ({ lane: 'simulator' }));
const records = children.map((child) => completed(child));
const error = new SluiceError('upstream_timeout', 'too slow').toJSON();

function assemble(changes: (Partial<JobRecord> | undefined)[]) {
  return assembleBatch(
    batch,
    records.map((record, index) => {
      const change = changes[index];
      return index in changes && change === undefined ? undefined : { ...record, ...change };
    }),
  );
}

/** The record of a job that ended without a result. */
function ended(state: JobRecord['state'], more: Partial<JobRecord> = {}): Partial<JobRecord> {
  // Spread over a complete record, `undefined` takes a field away.
  return {
    state,
    error,
    result: undefined,
    usage: undefined,
    costUsd: undefined,
    ...more,
  } as Partial<JobRecord>;
}

describe('assembleBatch', () => {
  it('has every item in input order, with its result, cost and latency', () => {
    const { items, summary } = assembleBatch(batch, records);
    expect(items.map((item) => [item.index, item.custom_id, item.job_id])).toEqual([
      [0, 'a', `${batch.jobId}_0`],
      [1, undefined, `${batch.jobId}_1`],
      [2, 'c', `${batch.jobId}_2`],
    ]);
    expect(items[0]).toEqual({
      index: 0,
      custom_id: 'a',
      job_id: `${batch.jobId}_0`,
      status: 'succeeded',
      result: records[0]!.result,
      usage: records[0]!.usage,
      cost_usd: '0.000100',
      latency_ms: 100,
    });
    expect(summary).toEqual({
      total: 3,
      succeeded: 3,
      failed: 0,
      average_latency_ms: 100,
      total_tokens: 9,
      cost_usd: '0.000300',
    });
  });

  it('counts what failed, was cancelled and expired as failed, and says which is which', () => {
    const { items, summary } = assemble([ended('failed'), ended('cancelled'), ended('expired')]);
    expect(items.map((item) => item.status)).toEqual(['failed', 'cancelled', 'expired']);
    expect(items.map((item) => item.error)).toEqual([error, error, error]);
    expect(summary).toMatchObject({ total: 3, succeeded: 0, failed: 3, total_tokens: 0 });
  });

  it('averages the latency of whatever ended, rounded to a millisecond', () => {
    const { summary } = assemble([
      { endedAtMs: 1_001 },
      ended('failed', { endedAtMs: 1_001 }),
      { endedAtMs: 1_003 },
    ]);
    expect(summary.average_latency_ms).toBe(2);
  });

  it('takes a job that never reached an upstream for free', () => {
    const { items, summary } = assemble([ended('expired')]);
    expect(items[0]!.cost_usd).toBe('0.000000');
    expect(summary.cost_usd).toBe('0.000200');
  });

  it('does not know the cost of all when it does not know the cost of one', () => {
    expect(assemble([{ costUsd: 'unknown' }]).summary.cost_usd).toBe('unknown');
    const attempt = {
      number: 1,
      provider: 'p',
      model: 'm',
      started_at_ms: 1,
      ended_at_ms: 2,
      outcome: 'failed' as const,
    };
    const failed = assemble([ended('failed', { attempts: [attempt] })]);
    expect(failed.items[0]!.cost_usd).toBe('unknown');
    expect(failed.summary.cost_usd).toBe('unknown');
  });

  it('reports a child that is gone or still runs as failed, outside the average', () => {
    const { items, summary } = assemble([undefined, { state: 'in_progress' }]);
    expect(items.slice(0, 2).map((item) => [item.status, item.error?.message])).toEqual([
      ['failed', 'the record of this request is gone'],
      ['failed', 'this request is still in_progress'],
    ]);
    expect(summary).toMatchObject({ failed: 2, average_latency_ms: 100, cost_usd: 'unknown' });
  });

  it('adds costs without binary rounding', () => {
    const { summary } = assemble([
      { costUsd: '0.100000' },
      { costUsd: '0.200000' },
      { costUsd: '0.000000' },
    ]);
    expect(summary.cost_usd).toBe('0.300000');
  });
});
