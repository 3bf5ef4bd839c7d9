import { createEndpoint } from '@sluice/contracts';
import { createUsageBook } from '@sluice/metering';
import { deliveryQueueName, Lanes } from '@sluice/queue';
import { createRecords, shardOf } from '@sluice/records';
import { SplitBook } from '@sluice/routing';
import { createLogger } from '@sluice/runtime';
import { createFakeClock, testRedis } from '@sluice/testing';
import { createDeliveryLog, createEndpointStore } from '@sluice/webhooks';
import { expect, onTestFinished, test } from 'vitest';

import { tellAnomalies } from '../meter/tell-anomalies.ts';
import { tellRollbacks } from '../outcome/tell-rollbacks.ts';

const minute = 60_000;

async function setUp() {
  const { redis, root } = await testRedis();
  const clock = createFakeClock(Date.now());
  const log = createLogger({ name: 'test', level: 'silent' });
  const shard = (id: string) => shardOf(id) ?? 0;
  const lanes = new Lanes({ redis, root, shards: 1, lanes: [], shardOf: shard, clock });
  onTestFinished(() => lanes.close());
  const config = { retentionMs: minute, idempotencyTtlMs: minute };
  const mirror = createRecords({ redis, root, shards: 1, config, clock });
  const endpoints = createEndpointStore({ redis, root, clock, mirror });
  const deliveryLog = createDeliveryLog({ redis, root, clock, retentionMs: minute });
  const stored = { redis, lanes, endpoints, deliveryLog, clock, log, deliveryAttempts: 3 };
  const told = async () => {
    const tickets = await lanes.queue(deliveryQueueName, 0).getJobs();
    // What tellOfNotice added.
    return tickets.map(({ data }) => data as { endpoint: object; notice: { type: string } });
  };
  const hook = (events: string[]) => {
    return createEndpoint.parse({ url: 'https://example.com/hook', events });
  };
  return { root, stored, told, endpoints, hook };
}

test('unusual spend is told to its tenant once in an hour', async () => {
  const { root, stored, told, endpoints, hook } = await setUp();
  await endpoints.create('acme', hook(['spend.*']));
  await endpoints.create('acme', hook(['budget.*']));
  await endpoints.create('default', hook(['*']));
  const { redis, clock } = stored;
  const usage = createUsageBook({ redis, root, shards: 1, clock, maxRows: 100 });
  const entry = {
    jobId: 'job_1',
    call: 1,
    tenantId: 'acme',
    type: 'chat',
    name: 'm',
    provider: 'p',
    model: 'm',
    outcome: 'succeeded',
    costUsd: '12.5',
    durationMs: 1,
  } as const;
  const spend = async (fromId: string, toId: string) =>
    await usage.count({ shard: 0, fromId, toId, entries: [{ ...entry, atMs: clock.now() }] });
  const config = { root, usage: { maxRows: 100, anomaly: { factor: 3, minUsd: 10 } } };
  const deps = { ...stored, usage, config };
  await tellAnomalies(deps);
  expect(await told()).toEqual([]);
  await spend('0', '1-0');
  await Promise.all([tellAnomalies(deps), tellAnomalies(deps)]);
  await tellAnomalies(deps);
  expect(await told()).toMatchObject([
    {
      endpoint: { tenantId: 'acme' },
      notice: { type: 'spend.anomaly', about: 'acme', spentUsd: '12.5', usualUsd: '0' },
    },
  ]);
});

test('a roll-back is told once to the endpoints of the operator, whoever tells', async () => {
  const { root, stored, told, endpoints, hook } = await setUp();
  await endpoints.create('acme', hook(['*']));
  await endpoints.create('default', hook(['split.rolled_back']));
  const arms = [
    { model: 'old', weight: 9 },
    { model: 'new', weight: 1 },
  ];
  const choice = { kind: 'split', arms, stickyBy: 'user', salt: '', rollback: undefined };
  const routes = { chat: { both: { name: 'both', choice } } };
  // Only what a book reads of them.
  const splits = new SplitBook({ ...stored, root, routes: routes as never });
  const deps = { ...stored, splits };
  await tellRollbacks(deps);
  await splits.rollBack('both', 'new', 'too curt');
  await Promise.all([tellRollbacks(deps), tellRollbacks(deps)]);
  await tellRollbacks(deps);
  expect(await told()).toMatchObject([
    {
      endpoint: { tenantId: 'default' },
      notice: { type: 'split.rolled_back', about: 'both', arm: 'new', reason: 'too curt' },
    },
  ]);
});
