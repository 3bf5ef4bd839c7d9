import type { JobView } from '@sluice/contracts';
import { expect, test } from 'vitest';

import { useStack } from '../support/start-stack.ts';

const refused = 'invalid-key';

const shared = useStack({
  // Other workers hear of a parked key within a second; packages/limits tests that with a clock of its own.
  workers: 1,
  config: ({ simulatorUrl }) => {
    const account = { kind: 'openai', baseUrl: `${simulatorUrl}/openai/v1` };
    const model = (...targets: string[]) => ({
      targets: targets.map((name) => `${name}/sim-chat`),
    });
    return {
      providers: {
        rotating: { ...account, apiKeys: [refused, 'sim-key-1', 'Bearer sim-key-2'] },
        broke: { ...account, apiKey: 'sim-key-3' },
        closed: { ...account, apiKey: refused },
      },
      models: {
        rotating: model('rotating'),
        broke: model('broke'),
        closed: model('closed'),
        'closed-first': model('closed', 'rotating'),
      },
    };
  },
});

async function run(model: string): Promise<JobView> {
  const input = { messages: [{ role: 'user', content: 'hi' }] };
  const { id } = await shared().submit({ type: 'chat', model, input });
  return await shared().ended(id);
}

interface ProviderList {
  data: { id: string; keys: { key: string; parked: { code: string; reason: string }[] }[] }[];
}

async function parkedOf(provider: string): Promise<{ code: string; reason: string }[]> {
  const reply = await shared().request('GET', '/v1/providers');
  // The API's own reply.
  const { data } = reply.body as ProviderList;
  return data.find(({ id }) => id === provider)?.keys.flatMap(({ parked }) => parked) ?? [];
}

test('a refused key costs no attempt: another one is tried at once, and the refused one no more', async () => {
  for (let i = 0; i < 6; i += 1) {
    expect(await run('rotating')).toMatchObject({
      state: 'completed',
      attempts: [{ number: 1, outcome: 'succeeded' }],
    });
  }
  const outcomes = (await shared().simulator.calls('chat')).map(({ outcome }) => outcome);
  expect(outcomes.filter((outcome) => outcome === 'bought')).toHaveLength(6);
  expect(outcomes).toHaveLength(7);
  expect(await parkedOf('rotating')).toMatchObject([{ code: 'upstream_auth' }]);
});

test('without another key the job fails as the key was refused, and later ones without a call', async () => {
  expect(await run('closed')).toMatchObject({
    state: 'failed',
    error: { code: 'upstream_auth' },
    attempts: [{ outcome: 'failed' }],
  });
  const made = (await shared().simulator.calls('chat')).length;
  expect(await run('closed')).toMatchObject({
    error: { message: expect.stringMatching(/^every API key of closed \(…\) is parked until /) },
    attempts: [],
  });
  expect(await shared().simulator.calls('chat')).toHaveLength(made);
  expect(await run('closed-first')).toMatchObject({
    state: 'completed',
    attempts: [{ number: 1, provider: 'rotating', outcome: 'succeeded' }],
  });
});

test('a key whose quota is spent is parked', async () => {
  const error = { message: 'You exceeded your current quota', code: 'insufficient_quota' };
  await shared().simulator.fault({ fault: { kind: 'status', status: 429, body: { error } } });
  expect(await run('broke')).toMatchObject({ state: 'failed', error: { code: 'quota_exceeded' } });
  expect(await parkedOf('broke')).toMatchObject([{ code: 'quota_exceeded' }]);
});
