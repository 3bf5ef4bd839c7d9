import { describe, expect, it } from 'vitest';

import { loadConfig } from '@sluice/config';
import { batchIdOf, SluiceError, type JobRequest } from '@sluice/contracts';

import { childRequests } from './child-requests.ts';
import { batch } from './fixtures.ts';

const { routes } = loadConfig({ env: {}, cwd: '/nonexistent' });

function resolve({ type, model }: Pick<JobRequest, 'type' | 'model'>): { lane: string } {
  const route = type === 'batch' ? undefined : routes[type][model];
  if (!route) throw new SluiceError('model_not_found', model);
  return { lane: route.targets[0].lane };
}

describe('childRequests', () => {
  it('makes one low job a request, in order, each in the lane of its own model or app', () => {
    const children = childRequests(batch, resolve);
    expect(
      children.map(({ type, model, lane, priority }) => [type, model, lane, priority]),
    ).toEqual([
      ['chat', 'sim-chat', 'simulator', 'low'],
      ['workflow', 'sim-workflow', 'simulator-dify', 'low'],
      ['chat', 'sim-chat', 'simulator', 'low'],
    ]);
    expect(children.map((child) => child.batch)).toEqual([
      { batchId: batch.jobId, index: 0, customId: 'a' },
      { batchId: batch.jobId, index: 1 },
      { batchId: batch.jobId, index: 2, customId: 'c' },
    ]);
  });

  it('gives children the times, tenant, user, metadata and cache mode of the batch, and no webhook', () => {
    const [first] = childRequests(batch, resolve);
    expect(first).toEqual({
      jobId: `${batch.jobId}_0`,
      tenantId: 'default',
      type: 'chat',
      model: 'sim-chat',
      input: { messages: [{ role: 'user', content: 'Hello' }] },
      priority: 'low',
      lane: 'simulator',
      createdAtMs: 1_000,
      startByMs: 61_000,
      deadlineMs: 600_000,
      attemptTimeoutMs: 5_000,
      cacheMode: 'refresh',
      user: 'ada',
      metadata: { project: 'x' },
      batch: { batchId: batch.jobId, index: 0, customId: 'a' },
    });
  });

  it('makes the same ids again, and they name their batch', () => {
    const ids = childRequests(batch, resolve).map((child) => child.jobId);
    expect(childRequests(batch, resolve).map((child) => child.jobId)).toEqual(ids);
    expect(new Set(ids).size).toBe(3);
    expect(ids.map(batchIdOf)).toEqual([batch.jobId, batch.jobId, batch.jobId]);
  });

  it('throws what the resolver throws', () => {
    const gone = () => {
      throw new SluiceError('model_not_found', 'gone');
    };
    expect(() => childRequests(batch, gone)).toThrow('gone');
  });
});
