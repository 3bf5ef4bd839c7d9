import { waitFor } from '@sluice/testing';
import { describe, expect, test } from 'vitest';

import { answerOf, followJob } from '../support/event-client.ts';
import { defaultConfig, useStack } from '../support/start-stack.ts';

const chat = (content: string, more: object = {}) => ({
  type: 'chat',
  model: 'chat',
  stream: true,
  input: { messages: [{ role: 'user', content }] },
  ...more,
});

const words = Array.from({ length: 60 }, (_, i) => `wörd${i}`).join(' ');

const stack = useStack({
  workers: 2,
  config: (addresses) => {
    const { models, apps, ...rest } = defaultConfig(addresses);
    const target = { targets: [{ provider: 'openai', model: 'sim-chat' }] };
    return {
      ...rest,
      models: { ...(models as object), cached: { ...target, cache: { ttlSeconds: 60 } } },
      apps: {
        ...(apps as object),
        talk: { provider: 'dify', apiKey: 'app-chat', kind: 'chat' },
      },
    };
  },
});

const typesOf = (events: readonly { type: string }[]) => events.map(({ type }) => type);

describe('the events of a job that streams', () => {
  test('tell its text while it is made, and in the end the job', async () => {
    await stack().simulator.behaviour({ chunkDelayMs: 20, chunks: 60, reply: words });
    const { id } = await stack().submit(chat('tell'));
    const client = followJob(stack().url, id);
    await waitFor(() => client.events.filter(({ type }) => type === 'delta').length > 5);
    const { body } = await stack().request('GET', `/v1/jobs/${id}`);
    expect(body).toMatchObject({ state: 'in_progress' });
    const last = await client.ended;
    expect(last.job).toMatchObject({
      state: 'completed',
      result: { message: { content: words } },
      usage: { source: 'provider' },
    });
    expect(answerOf(client.events)).toEqual({ content: words });
    expect(typesOf(client.events)).not.toContain('restart');
  });

  test('are the same to the byte for 50 clients whose connections are cut, again and again', async () => {
    await stack().simulator.behaviour({ chunkDelayMs: 60, chunks: 60, reply: words });
    const { id } = await stack().submit(chat('cut'));
    const clients = Array.from({ length: 50 }, () => followJob(stack().url, id));
    let turn = 0;
    const cutting = setInterval(() => {
      for (let i = 0; i < 12; i += 1) clients[(turn += 1) % clients.length]?.cut();
    }, 100);
    await Promise.all(clients.map(({ ended }) => ended));
    clearInterval(cutting);
    const late = followJob(stack().url, id);
    await late.ended;
    for (const { events } of clients) expect(events).toEqual(late.events);
    expect(answerOf(late.events)).toEqual({ content: words });
    const total = clients.reduce((sum, { connections }) => sum + connections, 0);
    expect(total).toBeGreaterThan(200);
  }, 90_000);

  test('start again after an answer that broke off', async () => {
    await stack().simulator.behaviour({ chunkDelayMs: 10, chunks: 60, reply: words });
    await stack().simulator.fault({
      match: { kind: 'chat' },
      fault: { kind: 'reset', afterChunks: 20 },
    });
    const { id } = await stack().submit(chat('broken'));
    const client = followJob(stack().url, id);
    const { job } = await client.ended;
    expect(job?.state).toBe('completed');
    expect(job?.attempts).toHaveLength(2);
    const restart = client.events.find(({ type }) => type === 'restart');
    expect(restart?.data).toEqual({ attempt: 2 });
    expect(answerOf(client.events)).toEqual({ content: words });
  });

  test('give an answer from the cache in one piece', async () => {
    await stack().simulator.behaviour({ reply: words });
    const first = await stack().submit(chat('cached', { model: 'cached' }));
    await stack().ended(first.id);
    const second = await stack().submit(chat('cached', { model: 'cached' }));
    const client = followJob(stack().url, second.id);
    expect((await client.ended).job?.cache?.status).toBe('hit');
    expect(typesOf(client.events).filter((type) => type === 'delta')).toHaveLength(1);
    expect(answerOf(client.events)).toEqual({ content: words });
  });

  test('tell what an app of Dify says, and the nodes that it runs', async () => {
    await stack().simulator.behaviour({ chunkDelayMs: 10, reply: words });
    const talk = await stack().submit({
      type: 'workflow',
      app: 'talk',
      stream: true,
      input: { query: 'Hi' },
    });
    const client = followJob(stack().url, talk.id);
    const { job } = await client.ended;
    expect(job).toMatchObject({ state: 'completed' });
    const { content } = answerOf(client.events);
    expect(job?.result).toMatchObject({ answer: content });
    expect(typesOf(client.events).filter((type) => type === 'delta').length).toBeGreaterThan(3);
    const flow = await stack().submit({ type: 'workflow', app: 'flow', input: { inputs: {} } });
    const nodes = followJob(stack().url, flow.id);
    await nodes.ended;
    expect(typesOf(nodes.events)).toContain('node_finished');
  });

  test('are not kept of a job that does not stream', async () => {
    await stack().simulator.behaviour({ chunkDelayMs: 5, chunks: 20, reply: words });
    const { id } = await stack().submit(chat('plain', { stream: false }));
    const client = followJob(stack().url, id);
    await client.ended;
    expect(typesOf(client.events)).toEqual(['queued', 'in_progress', 'completed']);
  });

  test('go on when the API is killed and started again', async () => {
    await stack().simulator.behaviour({ chunkDelayMs: 50, chunks: 60, reply: words });
    const { id } = await stack().submit(chat('api away'));
    const clients = Array.from({ length: 10 }, () => followJob(stack().url, id));
    await waitFor(() => clients.every(({ events }) => events.length > 5));
    stack().api.kill('SIGKILL');
    await stack().api.exited;
    await stack().restartApi();
    await Promise.all(clients.map(({ ended }) => ended));
    for (const { events } of clients) expect(answerOf(events)).toEqual({ content: words });
  }, 30_000);

  test('start again when the worker is killed in the middle of the answer', async () => {
    await stack().simulator.behaviour({ chunkDelayMs: 60, chunks: 60, reply: words });
    const { id } = await stack().submit(chat('worker away'));
    const client = followJob(stack().url, id);
    await waitFor(() => client.events.some(({ type }) => type === 'delta'));
    for (const worker of stack().workers) worker.kill('SIGKILL');
    await stack().addWorker();
    const { job } = await client.ended;
    expect(job?.state).toBe('completed');
    expect(typesOf(client.events)).toContain('interrupted');
    expect(typesOf(client.events).filter((type) => type === 'restart')).toHaveLength(1);
    expect(answerOf(client.events)).toEqual({ content: words });
  }, 60_000);
});
