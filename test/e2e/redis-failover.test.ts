import { once } from 'node:events';

import type { JobView } from '@sluice/contracts';
import {
  findTestRedis,
  startTestCluster,
  startTestSentinel,
  waitFor,
  type TestReplicas,
} from '@sluice/testing';
import { createLogger, createRedis, whenReady } from '@sluice/runtime';
import { describe, expect, onTestFinished, test } from 'vitest';

import { defaultConfig, startStack, type Stack } from '../support/start-stack.ts';

const chat = (content: string) => ({
  type: 'chat',
  model: 'chat',
  input: { messages: [{ role: 'user', content }] },
});

/** Four calls at a time, each of a second: what was submitted is still under way when the master dies. */
function slowly(shards: number) {
  return (addresses: { simulatorUrl: string }) => {
    const config = defaultConfig(addresses);
    const providers = config['providers'] as Record<string, object>;
    const openai = { ...providers['openai'], limits: { concurrency: 4 } };
    return { ...config, shards, providers: { ...providers, openai } };
  };
}

async function startOn(replicas: TestReplicas, shards: number): Promise<Stack> {
  const environment = { REDIS_URL: replicas.userUrl };
  return await startStack({ workers: 2, config: slowly(shards), environment });
}

async function submitMany(stack: Stack, count: number): Promise<string[]> {
  const views = Array.from({ length: count }, (_, i) => stack.submit(chat(`number ${i}`)));
  return (await Promise.all(views)).map(({ id }) => id);
}

/** Jobs are under way, their master dies, and its replica takes over: how many there are, and how many calls. */
async function surviveFailover(stack: Stack, replicas: TestReplicas) {
  await stack.simulator.behaviour({ chunkDelayMs: 100, chunks: 10 });
  const ids = await submitMany(stack, 12);
  await expect
    .poll(async () => (await stack.simulator.calls('chat')).length, { timeout: 10_000 })
    .toBeGreaterThanOrEqual(4);
  await replicas.killMaster();

  const submitAgain = async () =>
    (await stack.request('POST', '/v1/jobs', chat('the replica takes it'))).status;
  await expect.poll(submitAgain, { timeout: 20_000, interval: 200 }).toBe(202);
  for (const id of ids) {
    expect(await stack.ended(id, 40_000)).toMatchObject({ state: 'completed' });
  }
  // Also those whose acceptance the client was not told of.
  const { data } = (await stack.request('GET', '/v1/jobs?limit=100')).body as { data: JobView[] };
  for (const { id } of data) await stack.ended(id, 20_000);
  return { jobs: data.length, calls: await stack.simulator.bought('chat') };
}

/** Processes in containers do not reach each other at the addresses that they tell. */
const areContainers = (await findTestRedis()).kind === 'docker';

describe.skipIf(areContainers)('the master of Redis dies, and', () => {
  test('in a cluster of three its replica takes over: nothing that was accepted is lost or bought twice', async () => {
    const replicas = await startTestCluster();
    onTestFinished(() => replicas.stop());
    const stack = await startOn(replicas, 4);
    const { jobs, calls } = await surviveFailover(stack, replicas);
    expect(calls).toBe(jobs);
  }, 90_000);

  test('who connects to a cluster before its replica has taken over is answered, and its commands when it has', async () => {
    const replicas = await startTestCluster();
    onTestFinished(() => replicas.stop());
    const log = createLogger({ name: 'test', level: 'silent' });
    const redis = createRedis(replicas.userUrl, 'worker', log);
    onTestFinished(() => redis.disconnect());
    await whenReady(redis, 5_000);
    await replicas.killMaster();
    await waitFor(async () => (await redis.cluster('INFO')).includes('cluster_state:fail'));
    const ended = once(redis, 'end');
    redis.disconnect();
    await ended;
    await redis.connect();
    expect(await redis.set('{sluice:0}', 'new')).toBe('OK');
  }, 60_000);

  test('a Sentinel names another: nothing that was accepted is lost or bought twice', async () => {
    const replicas = await startTestSentinel();
    onTestFinished(() => replicas.stop());
    const stack = await startOn(replicas, 1);
    const { jobs, calls } = await surviveFailover(stack, replicas);
    expect(calls).toBe(jobs);
  }, 90_000);
});
