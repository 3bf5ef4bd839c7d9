import { expect, test } from 'vitest';

import { useStack } from '../support/start-stack.ts';

const cheap = { inputPerMillion: 1, outputPerMillion: 2 };
const dear = { inputPerMillion: 10, outputPerMillion: 20 };

const shared = useStack({
  config: ({ simulatorUrl }) => {
    const openai = { kind: 'openai-compatible', baseUrl: `${simulatorUrl}/openai/v1` };
    const target = (provider: string, model: string, more: object = {}) => {
      return { provider, model, price: cheap, ...more };
    };
    return {
      providers: {
        first: { ...openai, apiKey: 'key-first' },
        second: { ...openai, apiKey: 'key-second' },
        third: { ...openai, apiKey: 'key-third' },
        spent: { ...openai, apiKey: 'key-spent' },
        azure: { kind: 'azure-openai', baseUrl: `${simulatorUrl}/azure`, apiKey: 'key-azure' },
        gemini: { kind: 'gemini', baseUrl: `${simulatorUrl}/gemini`, apiKey: 'key-gemini' },
        'dify-a': { kind: 'dify', baseUrl: `${simulatorUrl}/dify/v1` },
        'dify-b': { kind: 'dify', baseUrl: `${simulatorUrl}/dify/v1` },
      },
      models: {
        backup: { targets: [target('second', 'sim-chat-b', { retry: { maxAttempts: 1 } })] },
        chain: {
          targets: [
            target('first', 'sim-chat-a', { retry: { maxAttempts: 2 } }),
            'backup',
            target('third', 'sim-chat-c'),
          ],
        },
        prepaid: { targets: [target('spent', 'sim-chat-a'), 'backup'] },
        costly: {
          targets: [target('first', 'sim-chat-a'), target('second', 'sim-chat-b', { price: dear })],
          retry: { maxAttempts: 1 },
        },
        generous: {
          targets: [target('first', 'sim-chat-a'), target('second', 'sim-chat-b', { price: dear })],
          retry: { maxAttempts: 1 },
          fallback: { allowDearer: true },
        },
        // The upstream's window is not known here, so it is the upstream that refuses.
        narrow: {
          targets: [target('first', 'sim-chat-a'), target('third', 'sim-chat-c')],
          fallback: { contextWindow: ['wide'] },
        },
        wide: { targets: [target('second', 'sim-chat-large')] },
        filtered: {
          targets: [target('azure', 'sim-chat-eu')],
          fallback: { contentFilter: ['backup'] },
        },
        guarded: {
          targets: [target('gemini', 'sim-chat')],
          fallback: { contentFilter: ['backup'] },
        },
        strict: { targets: [target('azure', 'sim-chat-eu'), target('second', 'sim-chat-b')] },
      },
      apps: {
        flow: {
          targets: [
            { provider: 'dify-a', apiKey: 'app-a', retry: { maxAttempts: 2 } },
            { provider: 'dify-b', apiKey: 'app-b' },
          ],
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

async function run(body: object) {
  const { id } = await shared().submit(body);
  return await shared().ended(id);
}

/** Keys and models of the calls, in order. */
async function callers(kind = 'chat'): Promise<string[]> {
  return (await shared().simulator.calls(kind)).map(({ key, model }) => `${key} ${model}`);
}

const down = (model: string) =>
  ({ match: { model }, times: 100, fault: { kind: 'status', status: 500 } }) as const;

test('a job goes down its chain, each target with its own retries, and says what it tried', async () => {
  await shared().simulator.fault(down('sim-chat-a'), down('sim-chat-b'));
  const job = await run(ask('chain'));
  expect(job).toMatchObject({
    state: 'completed',
    model: 'chain',
    model_used: 'third/sim-chat-c',
    tried: [
      { provider: 'first', model: 'sim-chat-a', reason: 'upstream_error' },
      { provider: 'second', model: 'sim-chat-b', reason: 'upstream_error' },
    ],
  });
  expect(await callers()).toEqual([
    'key-first sim-chat-a',
    'key-first sim-chat-a',
    'key-second sim-chat-b',
    'key-third sim-chat-c',
  ]);
});

test('a quota that is used up sends a job to the next target', async () => {
  const body = { error: { message: 'You exceeded your quota', code: 'insufficient_quota' } };
  await shared().simulator.fault({
    match: { key: 'key-spent' },
    fault: { kind: 'status', status: 429, body },
  });
  const job = await run(ask('prepaid'));
  expect(job).toMatchObject({
    state: 'completed',
    model_used: 'second/sim-chat-b',
    tried: [{ provider: 'spent', reason: 'quota_exceeded' }],
  });
  // Parked for everyone: the next job does not even ask.
  expect(await run(ask('prepaid', 'Again'))).toMatchObject({ model_used: 'second/sim-chat-b' });
  expect(await callers()).toHaveLength(3);
});

test('a fallback is not dearer than the first target unless the model allows it', async () => {
  await shared().simulator.fault(down('sim-chat-a'));
  const kept = await run(ask('costly'));
  expect(kept).toMatchObject({ state: 'failed', error: { code: 'upstream_error' } });
  expect(kept.error?.message).toContain(
    'not asked: second/sim-chat-b (dearer than the first target)',
  );
  expect(await run(ask('generous'))).toMatchObject({
    state: 'completed',
    model_used: 'second/sim-chat-b',
  });
});

test('a prompt that the upstream finds too long goes to the model for long ones only', async () => {
  const content = 'word '.repeat(150_000);
  // A short answer: the simulator would say all of it again.
  const input = { messages: [{ role: 'user', content }], max_tokens: 16 };
  const job = await run(ask('narrow', content, { input }));
  expect(job).toMatchObject({
    state: 'completed',
    model_used: 'second/sim-chat-large',
    tried: [{ provider: 'first', model: 'sim-chat-a', reason: 'context_length_exceeded' }],
  });
  expect(await callers()).toEqual(['key-first null', 'key-second sim-chat-large']);
});

test('what a filter refuses goes where the model says, and nowhere by default', async () => {
  const words = 'Please [[content_filter]] this';
  expect(await run(ask('filtered', words))).toMatchObject({
    state: 'completed',
    model_used: 'second/sim-chat-b',
    tried: [{ provider: 'azure', reason: 'content_filtered' }],
  });
  expect(await run(ask('strict', words))).toMatchObject({
    state: 'failed',
    error: { code: 'content_filtered' },
  });
});

test('an answer that its filter has cut off is paid for, and asked for where the model says', async () => {
  const job = await run(ask('guarded', 'Please [[unsafe_answer]] this'));
  expect(job).toMatchObject({
    state: 'completed',
    model_used: 'second/sim-chat-b',
    tried: [{ provider: 'gemini', reason: 'content_filtered' }],
    attempts: [
      { outcome: 'failed', error: { code: 'content_filtered' } },
      { outcome: 'succeeded' },
    ],
  });
  const cutOff = Number(job.attempts[0]?.cost_usd);
  expect(cutOff).toBeGreaterThan(0);
  expect(Number(job.cost_usd)).toBeGreaterThan(cutOff);
});

test('a client names its own fallbacks, or forbids any', async () => {
  await shared().simulator.fault(down('sim-chat-a'));
  expect(await run(ask('chain', 'Hi', { fallback: ['third/sim-chat-c'] }))).toMatchObject({
    model_used: 'third/sim-chat-c',
  });
  const alone = await run(ask('chain', 'Hi', { fallback: false }));
  expect(alone).toMatchObject({ state: 'failed', error: { code: 'upstream_error' } });
  expect((await callers()).filter((call) => call.includes('sim-chat-b'))).toEqual([]);
  const wrong = await shared().request('POST', '/v1/jobs', ask('chain', 'Hi', { fallback: ['x'] }));
  expect(wrong).toMatchObject({
    status: 400,
    body: { error: { code: 'invalid_request', param: 'fallback[0]' } },
  });
});

test('a request of a batch names its own fallbacks too, and a wrong one is refused by its place', async () => {
  await shared().simulator.fault(down('sim-chat-a'));
  const request = (fallback: unknown) => ({
    type: 'batch',
    input: { requests: [{ ...ask('chain'), fallback }] },
  });
  const batch = await run(request(['third/sim-chat-c']));
  expect(batch).toMatchObject({ result: { items: [{ status: 'succeeded' }] } });
  const [item] = (batch.result as { items: { job_id: string }[] }).items;
  const { body } = await shared().request('GET', `/v1/jobs/${item?.job_id}`);
  expect(body).toMatchObject({ model_used: 'third/sim-chat-c' });
  const wrong = await shared().request('POST', '/v1/jobs', request(['backup', 'x']));
  expect(wrong).toMatchObject({
    status: 400,
    body: { error: { code: 'invalid_request', param: 'input.requests[0].fallback[1]' } },
  });
});

test('endpoints of a Dify app are asked in order', async () => {
  await shared().simulator.fault({
    match: { key: 'app-a' },
    times: 100,
    fault: { kind: 'status', status: 503 },
  });
  const job = await run({ type: 'workflow', app: 'flow', input: { inputs: { query: 'x' } } });
  expect(job).toMatchObject({ state: 'completed', tried: [{ provider: 'dify-a' }] });
  expect((await callers('workflow')).map((call) => call.split(' ')[0])).toEqual([
    'app-a',
    'app-a',
    'app-b',
  ]);
});

test('a run that was started at one endpoint is never started at another', async () => {
  await shared().simulator.behaviour({ scope: 'app-a', dify: { nodeDelayMs: 300, nodes: 4 } });
  // The stream breaks after the run's first events, and so does every try to follow it for a while.
  await shared().simulator.fault(
    { match: { key: 'app-a', kind: 'workflow' }, fault: { kind: 'reset', afterChunks: 2 } },
    { match: { key: 'app-a', path: '/workflow/' }, times: 2, fault: { kind: 'reset' } },
  );
  const job = await run({ type: 'workflow', app: 'flow', input: { inputs: { query: 'once' } } });
  expect(job.state).toBe('completed');
  expect(job.tried).toBeUndefined();
  const runs = await shared().simulator.calls('workflow');
  expect(runs.map(({ key }) => key)).toEqual(['app-a']);
});
