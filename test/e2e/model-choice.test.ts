import type { JobView } from '@sluice/contracts';
import { startReceiver } from '@sluice/testing';
import { expect, onTestFinished, test } from 'vitest';

import { useStack } from '../support/start-stack.ts';

const price = { inputPerMillion: 1, outputPerMillion: 2 };

const shared = useStack({
  config: ({ simulatorUrl }) => {
    const openai = { kind: 'openai-compatible', baseUrl: `${simulatorUrl}/openai/v1` };
    const one = (provider: string, model: string) => ({
      targets: [{ provider, model, price }],
      retry: { maxAttempts: 1 },
    });
    return {
      providers: {
        main: { ...openai, apiKey: 'key-main' },
        dify: { kind: 'dify', baseUrl: `${simulatorUrl}/dify/v1` },
        judge: { ...openai, apiKey: 'key-judge' },
        jammed: { ...openai, apiKey: 'key-jammed' },
      },
      models: {
        small: one('main', 'sim-chat-small'),
        middle: one('main', 'sim-chat-middle'),
        large: one('main', 'sim-chat-large'),
        tiny: { ...one('judge', 'sim-chat-tiny'), cache: { ttlSeconds: 60 } },
        ruled: {
          router: {
            rules: [
              { name: 'hard words', when: { keywords: ['analyze'] }, model: 'large' },
              { name: 'sql', when: { regex: '(?i)\\bselect\\b.*\\bfrom\\b' }, model: 'middle' },
              { name: 'long', when: { minInputTokens: 2_000 }, model: 'large' },
            ],
            default: 'small',
          },
        },
        auto: {
          router: {
            rules: [{ when: { priority: ['high'] }, model: 'large' }],
            classifier: {
              model: 'tiny',
              timeoutSeconds: 1,
              simple: 'small',
              medium: 'middle',
              complex: 'large',
            },
            default: 'middle',
          },
        },
        canary: {
          split: {
            arms: [
              { model: 'small', weight: 50 },
              { model: 'middle', weight: 50 },
            ],
            rollback: { minCalls: 5, errorRate: 0.2 },
          },
        },
        spill: { targets: [{ provider: 'jammed', model: 'sim-chat-a' }, 'small'] },
        stuck: { targets: [{ provider: 'jammed', model: 'sim-chat-a' }] },
      },
      apps: {
        old: { provider: 'dify', apiKey: 'app-old' },
        new: { provider: 'dify', apiKey: 'app-new' },
        report: {
          split: {
            arms: [
              { app: 'old', weight: 50 },
              { app: 'new', weight: 50 },
            ],
            rollback: { minCalls: 3, errorRate: 0.2 },
          },
        },
      },
      retry: { maxAttempts: 2, initialDelaySeconds: 0.05, maxDelaySeconds: 0.1 },
    };
  },
});

const ask = (model: string, content = 'Hello', more: object = {}) => ({
  type: 'chat',
  model,
  input: { messages: [{ role: 'user', content }] },
  ...more,
});

async function run(body: object): Promise<JobView> {
  const { id } = await shared().submit(body);
  return await shared().ended(id);
}

test('rules choose the model, the first that matches, and the job says which', async () => {
  const cases = [
    ['Please analyze this', 'large', 'hard words'],
    ['SELECT a FROM b', 'middle', 'sql'],
    ['word '.repeat(2_000), 'large', 'long'],
    ['Hi', 'small', 'default'],
  ] as const;
  const jobs = await Promise.all(cases.map(([text]) => run(ask('ruled', text))));
  expect(jobs.map(({ model_used: used, routing }) => [used, routing])).toEqual(
    cases.map(([, model, rule]) => [`main/sim-chat-${model}`, { model, rule }]),
  );
});

test('a classifier is asked as a call of its own, paid with the job and cached', async () => {
  await shared().simulator.behaviour({ scope: 'key-judge', reply: 'Complex.' });
  const job = await run(ask('auto', 'Prove it'));
  expect(job).toMatchObject({
    state: 'completed',
    model: 'auto',
    model_used: 'main/sim-chat-large',
    routing: { model: 'large', rule: 'classifier: complex' },
    tried: [{ provider: 'judge', model: 'sim-chat-tiny', reason: 'classifier: complex' }],
    attempts: [{ provider: 'judge', purpose: 'classify' }, { provider: 'main' }],
  });
  const [classified, answered] = await shared().simulator.calls('chat');
  expect(classified).toMatchObject({ key: 'key-judge', outcome: 'bought' });
  const tokensUsd = (call: typeof classified) =>
    ((call?.inputTokens ?? 0) + 2 * (call?.outputTokens ?? 0)) / 1e6;
  expect(Number(job.cost_usd)).toBeCloseTo(tokensUsd(classified) + tokensUsd(answered), 6);

  // The same question again: its answer is in the cache of the classifier's model.
  expect(await run(ask('auto', 'Prove it'))).toMatchObject({
    model_used: 'main/sim-chat-large',
    attempts: [{ provider: 'main' }],
  });
  const judged = (await shared().simulator.calls('chat')).filter(({ key }) => key === 'key-judge');
  expect(judged).toHaveLength(1);
});

test.each([
  ['fails', { kind: 'status', status: 500 }],
  ['hangs', { kind: 'hang' }],
] as const)('a classifier that %s leads to the default within its time', async (how, fault) => {
  await shared().simulator.fault({ match: { key: 'key-judge' }, times: 5, fault });
  const job = await run(ask('auto', `A question for one that ${how}`));
  expect(job).toMatchObject({
    state: 'completed',
    model_used: 'main/sim-chat-middle',
    routing: { model: 'middle', rule: expect.stringMatching(/^classifier: default \(upstream_/) },
  });
});

test('a rule that matches spares the classifier', async () => {
  const job = await run(ask('auto', 'Hello there', { priority: 'high' }));
  expect(job).toMatchObject({ model_used: 'main/sim-chat-large', routing: { rule: 'rules[0]' } });
  expect(await shared().simulator.calls('chat')).toHaveLength(1);
});

test('a canary that fails is rolled back everywhere, no job is lost, and an operator resets it', async () => {
  await shared().simulator.fault({
    match: { model: 'sim-chat-middle' },
    times: 1_000,
    fault: { kind: 'status', status: 500 },
  });
  const users = Array.from({ length: 24 }, (_, i) => `user-${i}`);
  const jobs = await Promise.all(users.map((user) => run(ask('canary', 'Hi', { user }))));
  expect(jobs.map(({ state }) => state)).toEqual(jobs.map(() => 'completed'));
  const arms = new Set(jobs.map(({ routing }) => routing?.arm));
  expect(arms).toEqual(new Set(['small', 'middle']));
  expect((await shared().request('GET', '/v1/splits')).body).toMatchObject({
    data: [
      {
        id: 'canary',
        arms: [
          { model: 'small', share: 0.5, state: 'in_force' },
          { model: 'middle', state: 'rolled_back', reason: expect.stringContaining('failed') },
        ],
      },
      { id: 'report' },
    ],
  });
  await expect
    .poll(async () => {
      const now = await Promise.all(
        users.map(async (user) => (await shared().submit(ask('canary', 'Hi', { user }))).routing),
      );
      return new Set(now.map((routing) => routing?.arm));
    })
    .toEqual(new Set(['small']));

  const reset = await shared().request('POST', '/v1/splits/canary/reset');
  expect(reset).toMatchObject({ status: 200, body: { arms: [{}, { state: 'in_force' }] } });
  expect(await shared().request('POST', '/v1/splits/canarry/reset')).toMatchObject({
    status: 404,
    body: { error: { message: expect.stringContaining('did you mean "canary"?') } },
  });
});

test('a job that cannot start in time goes to a target that can, or expires unspent', async () => {
  await shared().simulator.fault({
    match: { key: 'key-jammed' },
    fault: { kind: 'status', status: 429, retryAfterSeconds: 60 },
  });
  const first = await shared().submit(ask('stuck'));
  await expect
    .poll(async () => (await shared().request('GET', `/v1/jobs/${first.id}`)).body)
    .toMatchObject({ waiting_on: { limit: 'upstream 429' } });
  // Accept knows of the closed lane within half a second.
  await expect
    .poll(async () => {
      const job = await shared().submit(ask('spill', 'Hi', { max_wait_seconds: 20 }));
      return job.tried;
    })
    .toEqual([{ provider: 'jammed', model: 'sim-chat-a', reason: 'upstream 429' }]);
  expect(await run(ask('spill', 'Hi', { max_wait_seconds: 20 }))).toMatchObject({
    state: 'completed',
    model_used: 'main/sim-chat-small',
  });
  expect(await run(ask('stuck', 'Hi', { max_wait_seconds: 1 }))).toMatchObject({
    state: 'expired',
    attempts: [],
  });
  const jammed = (await shared().simulator.calls('chat')).filter(({ key }) => key === 'key-jammed');
  expect(jammed).toHaveLength(1);
  await shared().request('POST', `/v1/jobs/${first.id}/cancel`);
});

test('an app whose runs fail loses its share to the other arm, and a webhook tells of it', async () => {
  const hook = await startReceiver();
  onTestFinished(() => hook.close());
  const asked = { url: hook.url, events: ['split.*'] };
  await shared().request('POST', '/v1/webhooks', asked);
  await shared().simulator.fault({
    match: { key: 'app-new' },
    times: 1_000,
    fault: { kind: 'status', status: 500 },
  });
  const users = Array.from({ length: 16 }, (_, i) => `user-${i}`);
  const report = (user: string) => {
    return { type: 'workflow', app: 'report', user, input: { inputs: { topic: 'x' } } };
  };
  const jobs = await Promise.all(users.map((user) => run(report(user))));
  expect(jobs.map(({ state }) => state)).toEqual(jobs.map(() => 'completed'));
  expect(new Set(jobs.map(({ routing }) => routing?.arm))).toEqual(new Set(['old', 'new']));
  await hook.waitForRequests(1, 10_000);
  expect(JSON.parse(hook.requests[0]?.rawBody.toString() ?? '')).toMatchObject({
    type: 'split.rolled_back',
    data: { split: 'report', arm: 'new', reason: expect.stringContaining('of its calls failed') },
  });
  const metrics = async () => (await shared().request('GET', '/metrics')).body;
  await expect
    .poll(metrics, { timeout: 10_000 })
    .toContain('sluice_split_rollbacks_total{split="report",arm="new"');
  await expect.poll(async () => (await shared().submit(report('user-0'))).routing?.arm).toBe('old');
});
