import { expect, test } from 'vitest';

import { startStack } from '../support/start-stack.ts';

/** A lock lives 10 s and is looked after every 5 s: a killed worker's jobs run again within 15 s. */
const takeoverMs = 30_000;

test('a killed worker’s chat, agent and completion calls follow onCrash; a chatflow is attached to', async () => {
  const stack = await startStack({
    workers: 1,
    config: ({ simulatorUrl }) => ({
      providers: { dify: { kind: 'dify', baseUrl: `${simulatorUrl}/dify/v1` } },
      apps: {
        chat: { kind: 'chat', provider: 'dify', apiKey: 'app-chat-1' },
        'chat-again': { kind: 'chat', onCrash: 'rerun', provider: 'dify', apiKey: 'app-chat-2' },
        agent: { kind: 'agent', provider: 'dify', apiKey: 'app-agent-1' },
        'completion-again': {
          kind: 'completion',
          onCrash: 'rerun',
          provider: 'dify',
          apiKey: 'app-completion-1',
        },
        chatflow: { kind: 'chatflow', provider: 'dify', apiKey: 'app-chatflow-1' },
      },
    }),
  });
  const { simulator } = stack;
  await simulator.behaviour({ chunkDelayMs: 400, chunks: 10, dify: { nodeDelayMs: 400 } });
  const apps = ['chat', 'chat-again', 'agent', 'completion-again', 'chatflow'];
  const ids: Record<string, string> = {};
  for (const app of apps) {
    const input = { query: `hello ${app}, how are you` };
    ids[app] = (await stack.submit({ type: 'workflow', app, input })).id;
  }
  const started = async () => (await simulator.calls()).filter(({ paid }) => paid).length;
  await expect.poll(started, { timeout: 10_000 }).toBe(apps.length);
  // The chatflow's run has a name from its first event on.
  const timeline = async () =>
    JSON.stringify(
      (await stack.request('GET', `/v1/jobs/${ids['chatflow']}?include=timeline`)).body,
    );
  await expect.poll(timeline, { timeout: 10_000 }).toContain('node_started');
  stack.workers[0]?.kill('SIGKILL');
  await stack.addWorker();

  const end = async (app: string) => await stack.ended(ids[app] ?? '', takeoverMs);
  const refused = {
    state: 'failed',
    error: { code: 'interrupted', message: expect.stringContaining('onCrash: fail') },
  };
  expect(await end('chat')).toMatchObject(refused);
  expect(await end('agent')).toMatchObject(refused);
  for (const app of ['chat-again', 'completion-again', 'chatflow']) {
    expect(await end(app)).toMatchObject({
      state: 'completed',
      result: { answer: `You said: hello ${app}, how are you` },
    });
  }
  const calls = (await simulator.calls()).filter(({ paid }) => paid);
  const posts = Object.fromEntries(
    [...Map.groupBy(calls, ({ key }) => key ?? '')].map(([key, made]) => [key, made.length]),
  );
  expect(posts).toEqual({
    'app-chat-1': 1,
    'app-chat-2': 2,
    'app-agent-1': 1,
    'app-completion-1': 2,
    'app-chatflow-1': 1,
  });
}, 90_000);
