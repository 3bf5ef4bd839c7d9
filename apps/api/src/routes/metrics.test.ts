import { Counter, Histogram, Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';

import { heartbeatKey, workerIdsKey } from '@sluice/contracts';

import { chatBody, startTestApi, workflowBody, type TestApi } from '../testing/start-test-api.ts';

async function scrape(api: TestApi): Promise<string> {
  const response = await api.call('/metrics');
  expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0.0.4/);
  return await response.text();
}

/** Plays a worker that has made `attempts` calls. */
async function beat(api: TestApi, id: string, attempts: number): Promise<void> {
  const registry = new Registry();
  const made = { name: 'sluice_attempts_total', help: 'Calls', labelNames: ['lane'] };
  new Counter({ ...made, registers: [registry] }).inc({ lane: 'chat-lane' }, attempts);
  const took = { name: 'sluice_attempt_duration_seconds', help: 'Durations', buckets: [1] };
  new Histogram({ ...took, registers: [registry] }).observe(0.5);
  const heartbeat = {
    id,
    startedAtMs: 1,
    roles: ['run'],
    lanes: {},
    metrics: await registry.getMetricsAsJSON(),
  };
  const { root } = api.config;
  await api.redis.set(heartbeatKey(root, id), JSON.stringify(heartbeat), 'PX', 15_000);
  await api.redis.sadd(workerIdsKey(root), id);
  await api.redis.pexpire(workerIdsKey(root), 15_000);
}

describe('GET /metrics', () => {
  it('counts requests by route pattern, accepts by type, and shows the lanes as they are', async () => {
    const api = await startTestApi();
    const { id } = await api.accepted(chatBody);
    await api.accepted(workflowBody, { 'idempotency-key': 'k' });
    await api.accepted(workflowBody, { 'idempotency-key': 'k' });
    await (await api.call(`/v1/jobs/${id}`)).text();
    await (await api.call(`/v1/unknown/${id}`)).text();
    await api.lanes.pause('app-lane', 60_000, Date.now());
    const text = await scrape(api);

    expect(text).toContain('sluice_accepted_jobs_total{type="chat",kind="created"} 1');
    expect(text).toContain('sluice_accepted_jobs_total{type="workflow",kind="replayed"} 1');
    expect(text).toContain('_count{method="GET",route="/v1/jobs/:id",status="200"} 1');
    expect(text).toContain('_count{method="GET",route="unmatched",status="404"} 1');
    expect(text).toContain('sluice_lane_tickets{lane="chat-lane",state="waiting"} 1');
    expect(text).toContain('sluice_lane_tickets{lane="webhooks",state="waiting"} 0');
    expect(text).toContain('sluice_lane_paused_seconds{lane="chat-lane"} 0');
    expect(Number(/paused_seconds\{lane="app-lane"\} (\S+)/.exec(text)?.[1])).toBeGreaterThan(50);
    expect(text).not.toContain(id);
  });

  it("merges the workers' metrics under one name each, with a label that names the worker", async () => {
    const api = await startTestApi();
    await beat(api, 'w1', 3);
    await beat(api, 'w2', 4);
    const text = await scrape(api);

    expect(text).toContain('sluice_attempts_total{lane="chat-lane",worker="w1"} 3');
    expect(text).toContain('sluice_attempts_total{lane="chat-lane",worker="w2"} 4');
    expect(text).toContain('sluice_attempt_duration_seconds_bucket{le="1",worker="w1"} 1');
    expect(text).toContain('sluice_attempt_duration_seconds_bucket{le="+Inf",worker="w2"} 1');
    const names = [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  it('forgets a worker whose heartbeat is gone, and survives one it cannot read', async () => {
    const api = await startTestApi();
    const { root } = api.config;
    await beat(api, 'w1', 3);
    await beat(api, 'w2', 4);
    await api.redis.del(heartbeatKey(root, 'w1'));
    await api.redis.set(heartbeatKey(root, 'w3'), '{"version":2}', 'PX', 15_000);
    await api.redis.sadd(workerIdsKey(root), 'w3');
    const text = await scrape(api);

    expect(text).not.toContain('worker="w1"');
    expect(text).toContain('worker="w2"');
    expect(await api.redis.sismember(workerIdsKey(root), 'w1')).toBe(0);
  });
});
