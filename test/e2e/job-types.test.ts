import type { JobView } from '@sluice/contracts';
import { newSecret } from '@sluice/runtime';
import { startReceiver } from '@sluice/testing';
import { Webhook } from 'standardwebhooks';
import { expect, onTestFinished, test } from 'vitest';

import { defaultConfig, startStack, useStack } from '../support/start-stack.ts';

const secret = `whsec_${Buffer.from(newSecret(24), 'base64url').toString('base64')}`;

/** Where the simulator takes embeddings as each kind of provider does. */
const embedders = {
  'openai-compatible': { kind: 'openai-compatible', folder: '/openai/v1' },
  openai: { kind: 'openai', folder: '/openai/v1' },
  'azure-deployments': { kind: 'azure-openai', folder: '/azure' },
  'azure-v1': { kind: 'azure-openai', folder: '/azure/openai/v1' },
  gemini: { kind: 'gemini', folder: '/gemini' },
  ollama: { kind: 'ollama', folder: '/ollama' },
} as const;

/** Those that transcribe, too. */
const transcribers = ['openai-compatible', 'openai', 'azure-deployments', 'azure-v1'];

const shared = useStack({
  workers: 1,
  config: ({ simulatorUrl }) => {
    const base = defaultConfig({ simulatorUrl });
    const price = { inputPerMillion: 20_000 };
    const embedding = { type: 'embedding', price };
    const vendors = Object.entries(embedders);
    return {
      ...base,
      providers: {
        ...Object(base['providers']),
        ...Object.fromEntries(
          vendors.map(([name, { kind, folder }]) => {
            return [`e-${name}`, { kind, baseUrl: `${simulatorUrl}${folder}`, apiKey: 'sim-key' }];
          }),
        ),
      },
      models: {
        ...Object(base['models']),
        ...Object.fromEntries(
          vendors.map(([name]) => [name, { ...embedding, targets: [`e-${name}/sim-embedding`] }]),
        ),
        rerank: { type: 'rerank', price, targets: ['openai/sim-rerank'] },
        ...Object.fromEntries(
          transcribers.map((name) => {
            const model = { type: 'transcription', price: { perMinute: 60 } };
            return [`t-${name}`, { ...model, targets: [`e-${name}/sim-transcription`] }];
          }),
        ),
      },
    };
  },
});

async function setUp() {
  const stack = shared();
  const receiver = await startReceiver();
  onTestFinished(() => receiver.close());
  const webhook = { url: `${receiver.url}/hook`, secret };
  /** The next event that the receiver got, its signature checked by the reference library. */
  const nextEvent = async (count = 1) => {
    const request = (await receiver.waitForRequests(count)).at(-1);
    if (!request) throw new Error('no request');
    // Headers of a webhook are single values.
    const headers = request.headers as Record<string, string>;
    const event: unknown = new Webhook(secret).verify(request.rawBody.toString('utf8'), headers);
    return { event, headers };
  };
  return { stack, receiver, webhook, nextEvent };
}

const chat = (content: string) => ({
  type: 'chat',
  model: 'chat',
  input: { messages: [{ role: 'user', content }] },
});

test('a chat job is answered, metered, pollable and delivered', async () => {
  const { stack, webhook, nextEvent } = await setUp();
  const submitted = await stack.submit({ ...chat('Hello'), webhook, metadata: { order: '7' } });
  expect(submitted).toMatchObject({ object: 'job', type: 'chat', state: 'queued', model: 'chat' });

  const job = await stack.ended(submitted.id);
  expect(job).toMatchObject({
    state: 'completed',
    result: {
      type: 'chat',
      message: { role: 'assistant', content: expect.stringContaining('Hello') },
      finish_reason: { unified: 'stop', raw: 'stop' },
    },
    usage: { source: 'provider', total_tokens: expect.any(Number) },
    cost_usd: expect.stringMatching(/^0\.\d{6}$/),
    attempts: [{ number: 1, provider: 'openai', model: 'sim-chat', outcome: 'succeeded' }],
    webhook: { url: webhook.url },
    metadata: { order: '7' },
  });
  expect(JSON.stringify(job)).not.toContain(secret);
  expect(job.timeline?.map(({ type }) => type).slice(0, 3)).toEqual([
    'queued',
    'in_progress',
    'completed',
  ]);

  const { event, headers } = await nextEvent();
  expect(event).toMatchObject({
    type: 'chat.completed',
    data: {
      job_id: job.id,
      state: 'completed',
      result: job.result,
      usage: job.usage,
      cost_usd: job.cost_usd,
      metadata: { order: '7' },
    },
  });
  expect(headers).toMatchObject({
    'webhook-id': (event as { id: string }).id,
    'x-relay-latency': String(job.latency_ms),
    'x-usage-token-count': String(job.usage?.total_tokens),
    'x-cost-usd': job.cost_usd,
  });
  expect(await stack.simulator.bought('chat')).toBe(1);
});

test('an embedding job gives the same vectors by every provider, as numbers and in base64', async () => {
  const { stack } = await setUp();
  const input = { input: ['queues', 'Grüße aus 東京'], dimensions: 4 };
  const run = async (model: string, more: object) => {
    const { id } = await stack.submit({ type: 'embedding', model, input: { ...input, ...more } });
    return await stack.ended(id);
  };
  const expected = vectorsOf(await run('openai', {}));
  expect(expected.map((vector) => vector.length)).toEqual([4, 4]);
  expect(expected[0]).not.toEqual(expected[1]);
  const models = Object.keys(embedders);
  const jobs = models.flatMap((model) => [
    run(model, {}),
    run(model, { encoding_format: 'base64' }),
  ]);
  for (const job of await Promise.all(jobs)) {
    expect(job).toMatchObject({
      state: 'completed',
      result: { type: 'embedding', model: expect.stringContaining('sim-embedding') },
      usage: { source: 'provider', output_tokens: 0, input_tokens: expect.any(Number) },
      cost_usd: ((job.usage?.input_tokens ?? 0) * 0.02).toFixed(6),
    });
    expect(job.usage?.input_tokens).toBeGreaterThan(0);
    expect(vectorsOf(job)).toEqual(expected);
  }
  expect(await stack.simulator.bought('embedding')).toBe(1 + jobs.length);
});

test('an embedding job is delivered, and refused by name for what its model cannot take', async () => {
  const { stack, webhook, nextEvent } = await setUp();
  const { id } = await stack.submit({
    type: 'embedding',
    model: 'openai',
    input: { input: [[1, 2, 3], [4]] },
    webhook,
  });
  const job = await stack.ended(id);
  expect((await nextEvent()).event).toMatchObject({
    type: 'embedding.completed',
    data: { model: 'openai', result: job.result, usage: { total_tokens: 4 } },
  });

  const tokens = { type: 'embedding', model: 'gemini', input: { input: [1, 2] } };
  expect(await stack.ended((await stack.submit(tokens)).id)).toMatchObject({
    state: 'failed',
    error: { code: 'upstream_invalid_request', param: 'input.input' },
    attempts: [{ outcome: 'failed' }],
  });
  const asChat = await stack.request('POST', '/v1/jobs', { ...chat('hi'), model: 'openai' });
  expect(asChat).toMatchObject({
    status: 404,
    body: {
      error: {
        param: 'model',
        message: expect.stringContaining('"openai" is an embedding model'),
      },
    },
  });
});

test('a rerank job gives the best documents first, by their places in the input', async () => {
  const { stack, webhook, nextEvent } = await setUp();
  const input = {
    query: 'Where do dogs sleep?',
    documents: ['cats sleep', { text: 'dogs eat and sleep' }, 'where do dogs sleep'],
    top_n: 2,
    return_documents: true,
  };
  const { id } = await stack.submit({ type: 'rerank', model: 'rerank', input, webhook });
  const job = await stack.ended(id);
  expect(job).toMatchObject({
    state: 'completed',
    result: {
      type: 'rerank',
      model: 'sim-rerank',
      results: [
        { index: 2, relevance_score: 1, document: { text: 'where do dogs sleep' } },
        { index: 1, document: { text: 'dogs eat and sleep' } },
      ],
    },
    usage: { source: 'provider', input_tokens: 27, search_units: 1 },
    cost_usd: '0.540000',
  });
  expect((await nextEvent()).event).toMatchObject({
    type: 'rerank.completed',
    data: { model: 'rerank', result: job.result },
  });
});

/** Speech for the simulator, which reads a file of plain text aloud, two words a second. */
const speech = (text: string) => ({
  audio: { data: Buffer.from(text).toString('base64'), filename: 'speech.mp3' },
});

test('a transcription job hears what was uploaded, by every provider', async () => {
  const { stack, webhook, nextEvent } = await setUp();
  const input = {
    ...speech('Queues wait. Grüße aus 東京.'),
    language: 'de',
    response_format: 'verbose_json',
    timestamp_granularities: ['word', 'segment'],
  };
  const jobs = await Promise.all(
    transcribers.map(async (name) => {
      const job = { type: 'transcription', model: `t-${name}`, input };
      return await stack.ended((await stack.submit(job)).id);
    }),
  );
  for (const job of jobs) {
    expect(job).toMatchObject({
      state: 'completed',
      result: {
        type: 'transcription',
        text: 'Queues wait. Grüße aus 東京.',
        language: 'german',
        duration: 2.5,
        segments: [{ start: 0, text: ' Queues wait.' }, { end: 2.5 }],
        words: [{ word: 'Queues' }, {}, {}, {}, { word: '東京.' }],
      },
      usage: { audio_seconds: 3, total_tokens: 0 },
      cost_usd: '3.000000',
    });
  }
  const subtitles = { ...speech('Hello.'), response_format: 'srt' };
  const { id } = await stack.submit({
    type: 'transcription',
    model: 't-openai',
    input: subtitles,
    webhook,
  });
  const job = await stack.ended(id);
  expect(job.result).toMatchObject({
    text: expect.stringMatching(/^1\n00:00:00,000 --> .*\nHello/),
  });
  expect(job.cost_usd).toBe('unknown');
  expect((await nextEvent()).event).toMatchObject({
    type: 'transcription.completed',
    data: { model: 't-openai', result: job.result },
  });
});

test('a transcription job fetches its sound by URL, through the address guard', async () => {
  const { stack, receiver } = await setUp();
  const run = async (url: string) => {
    const job = { type: 'transcription', model: 't-openai', input: { audio: { url } } };
    return await stack.ended((await stack.submit(job)).id);
  };
  receiver.script(
    { status: 503 },
    { status: 302, headers: { location: '/speech' } },
    { headers: { 'content-type': 'audio/mpeg' }, body: 'Fetched.' },
  );
  const job = await run(`${receiver.url}/a`);
  expect(job).toMatchObject({ state: 'completed', result: { text: 'Fetched.' } });
  expect(job.attempts).toMatchObject([
    { outcome: 'failed', error: { code: 'download_failed', param: 'input.audio.url' } },
    { outcome: 'succeeded' },
  ]);
  expect(await stack.simulator.calls('transcription')).toHaveLength(1);

  receiver.script({ headers: { 'content-type': 'text/html' }, body: '<html>' });
  expect(await run(`${receiver.url}/page`)).toMatchObject({
    state: 'failed',
    error: { code: 'download_failed', message: expect.stringContaining('text/html') },
    attempts: [{}],
  });

  const inside = { type: 'transcription', model: 't-openai', input: { audio: { url: '' } } };
  inside.input.audio.url = 'http://169.254.169.254/latest/meta-data';
  expect(await stack.request('POST', '/v1/jobs', inside)).toMatchObject({
    status: 400,
    body: { error: { code: 'blocked_address', param: 'input.audio.url' } },
  });
  const batch = { type: 'batch', input: { requests: [inside] } };
  expect(await stack.request('POST', '/v1/jobs', batch)).toMatchObject({
    status: 400,
    body: { error: { code: 'blocked_address', param: 'input.requests[0].input.audio.url' } },
  });

  receiver.script({ status: 302, headers: { location: 'http://169.254.169.254/latest' } });
  expect(await run(`${receiver.url}/redirect`)).toMatchObject({
    state: 'failed',
    error: { code: 'blocked_address' },
  });
});

function vectorsOf({ result }: JobView): number[][] {
  if (result?.type !== 'embedding') throw new Error('the job has no embeddings');
  expect(result.data.map(({ index }) => index)).toEqual(result.data.map((_, i) => i));
  return result.data.map(({ embedding }) => {
    if (typeof embedding !== 'string') return embedding;
    const bytes = Buffer.from(embedding, 'base64');
    return Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readFloatLE(i * 4));
  });
}

test('a workflow job runs a Dify app once, shows its nodes and keeps Dify’s words', async () => {
  const { stack, webhook, nextEvent } = await setUp();
  const { id } = await stack.submit({
    type: 'workflow',
    app: 'flow',
    input: { inputs: { topic: 'queues' } },
    webhook,
  });
  const job = await stack.ended(id);
  expect(job).toMatchObject({
    state: 'completed',
    app: 'flow',
    result: { type: 'workflow', status: 'succeeded', outputs: expect.any(Object) },
    usage: { total_tokens: expect.any(Number) },
  });
  const types = job.timeline?.map(({ type }) => type) ?? [];
  expect(types).toContain('node_started');
  expect(types).toContain('node_finished');

  const { event } = await nextEvent();
  expect(event).toMatchObject({
    type: 'workflow.completed',
    data: { app: 'flow', status: 'succeeded', outputs: expect.any(Object) },
  });
  expect(await stack.simulator.bought('workflow')).toBe(1);
});

test('a workflow that fails inside Dify is a failed job with Dify’s error, and is not run again', async () => {
  const { stack, webhook, nextEvent } = await setUp();
  await stack.simulator.behaviour({ dify: { outcome: 'failed', error: 'the model said no' } });
  const { id } = await stack.submit({ type: 'workflow', app: 'flow', input: {}, webhook });
  expect(await stack.ended(id)).toMatchObject({
    state: 'failed',
    error: { code: 'workflow_failed', message: expect.stringContaining('the model said no') },
    result: { status: 'failed' },
  });
  expect((await nextEvent()).event).toMatchObject({
    type: 'workflow.failed',
    data: { status: 'failed' },
  });
  expect(await stack.simulator.calls('workflow')).toHaveLength(1);
});

test('a batch gives every result in input order with its own status, and the sum', async () => {
  const { stack, webhook, nextEvent } = await setUp();
  await stack.simulator.fault({
    match: { bodyIncludes: 'please fail' },
    times: 100,
    fault: { kind: 'status', status: 400 },
  });
  const texts = ['one', 'two', 'please fail', 'four'];
  const { id } = await stack.submit({
    type: 'batch',
    input: {
      requests: [
        ...texts.map((text, i) => ({ ...chat(text), custom_id: `c${i}` })),
        { type: 'workflow', app: 'flow', custom_id: 'w', input: { inputs: { topic: 'five' } } },
        { type: 'embedding', model: 'ollama', custom_id: 'e', input: { input: 'six' } },
        {
          type: 'rerank',
          model: 'rerank',
          custom_id: 'r',
          input: { query: 'seven', documents: ['seven'] },
        },
      ],
    },
    webhook,
  });
  const job = await stack.ended(id);
  expect(job.state).toBe('completed');
  if (!job.result || !('items' in job.result)) throw new Error('no batch result');
  const { items, summary } = job.result;
  expect(items.map(({ custom_id, status }) => [custom_id, status])).toEqual([
    ['c0', 'succeeded'],
    ['c1', 'succeeded'],
    ['c2', 'failed'],
    ['c3', 'succeeded'],
    ['w', 'succeeded'],
    ['e', 'succeeded'],
    ['r', 'succeeded'],
  ]);
  expect(items[2]?.error).toMatchObject({ code: 'upstream_invalid_request' });
  expect(items[3]?.result).toMatchObject({ message: { content: expect.stringContaining('four') } });
  expect(items[5]?.result).toMatchObject({ type: 'embedding', data: [{ index: 0 }] });
  expect(summary).toMatchObject({ total: 7, succeeded: 6, failed: 1 });
  expect(summary.average_latency_ms).toBeGreaterThan(0);
  expect(job.progress).toEqual({ total: 7, ended: 7, failed: 1 });

  expect((await nextEvent()).event).toMatchObject({
    type: 'batch.completed',
    data: { job_id: id },
  });
  const listed = await stack.request('GET', `/v1/jobs?batch_id=${id}`);
  expect((listed.body as { data: unknown[] }).data).toHaveLength(7);
});

test('a batch of several hundred requests completes, each bought once', async () => {
  const { stack } = await setUp();
  const requests = Array.from({ length: 600 }, (_, i) => chat(`request ${i}`));
  const { id } = await stack.submit({ type: 'batch', input: { requests } });
  const job = await stack.ended(id);
  if (!job.result || !('items' in job.result)) throw new Error('no batch result');
  expect(job.result.summary).toMatchObject({ total: 600, succeeded: 600, failed: 0 });
  const echoed = job.result.items.map(({ result }) =>
    result?.type === 'chat' ? result.message.content : '',
  );
  echoed.forEach((content, i) => expect(content).toContain(`request ${i}`));
  expect(await stack.simulator.bought('chat')).toBe(600);
});

test('a receiver that fails at first gets the same event again, under the same id', async () => {
  const { stack, receiver, webhook } = await setUp();
  receiver.script({ status: 500, headers: { 'retry-after': '1' } });
  const { id } = await stack.submit({ ...chat('again'), webhook });
  await stack.ended(id);
  const [first, second] = await receiver.waitForRequests(2, 15_000);
  expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id']);
  expect(second?.rawBody.equals(first?.rawBody ?? Buffer.alloc(0))).toBe(true);
  expect(second?.headers['webhook-signature']).not.toBe(first?.headers['webhook-signature']);
});

test('a queued job can be cancelled and is never bought', async () => {
  const { stack, webhook, nextEvent } = await setUp();
  stack.workers[0]?.kill('SIGSTOP');
  const { id } = await stack.submit({ ...chat('never'), webhook });
  const cancelled = await stack.request('POST', `/v1/jobs/${id}/cancel`);
  expect(cancelled).toMatchObject({ status: 200, body: { state: 'cancelled' } });
  const again = await stack.request('POST', `/v1/jobs/${id}/cancel`);
  expect(again).toMatchObject({ status: 409, body: { error: { code: 'job_not_cancellable' } } });
  stack.workers[0]?.kill('SIGCONT');
  expect((await nextEvent()).event).toMatchObject({ type: 'chat.cancelled' });
  expect(await stack.simulator.calls('chat')).toHaveLength(0);
});

test('cancelling a running job ends its upstream call', async () => {
  const { stack } = await setUp();
  await stack.simulator.behaviour({ chunkDelayMs: 200, chunks: 200 });
  const { id } = await stack.submit(chat('long'));
  await expect.poll(async () => (await stack.simulator.calls('chat')).length).toBe(1);
  await stack.request('POST', `/v1/jobs/${id}/cancel`);
  expect((await stack.ended(id)).state).toBe('cancelled');
  await expect
    .poll(async () => (await stack.simulator.calls('chat'))[0]?.outcome, { timeout: 3_000 })
    .toBe('aborted');
});

test('an equal job is answered from the cache without a call and without a permit', async () => {
  const cached = { cache: { ttlSeconds: 60 }, limits: { requestsPerMinute: 1 } };
  const stack = await startStack({
    config: ({ simulatorUrl }) => ({
      providers: {
        openai: {
          kind: 'openai-compatible',
          baseUrl: `${simulatorUrl}/openai/v1`,
          apiKey: 'sim-key',
        },
      },
      models: {
        chat: { ...cached, targets: ['openai/sim-chat'] },
        embedding: { ...cached, type: 'embedding', targets: ['openai/sim-embedding'] },
        rerank: { ...cached, type: 'rerank', targets: ['openai/sim-rerank'] },
        transcription: { ...cached, type: 'transcription', targets: ['openai/sim-transcription'] },
      },
    }),
  });
  const embedding = { type: 'embedding', model: 'embedding', input: { input: 'same' } };
  const ranked = { query: 'same', documents: ['same'] };
  const rerank = { type: 'rerank', model: 'rerank', input: ranked };
  const transcription = { type: 'transcription', model: 'transcription', input: speech('same') };
  for (const job of [chat('same'), embedding, rerank, transcription]) {
    const first = await stack.ended((await stack.submit(job)).id);
    const second = await stack.ended((await stack.submit(job)).id);
    expect(first).toMatchObject({ state: 'completed', cache: { status: 'miss' } });
    expect(second).toMatchObject({
      state: 'completed',
      cache: { status: 'hit' },
      result: first.result,
      cost_usd: '0.000000',
    });
    expect(second.attempts).toEqual([]);
    expect(await stack.simulator.bought(job.type)).toBe(1);
  }
});

test('when the first target fails for good, the next one answers', async () => {
  const stack = await startStack({
    config: ({ simulatorUrl }) => ({
      providers: {
        primary: {
          kind: 'openai-compatible',
          baseUrl: `${simulatorUrl}/openai/v1`,
          apiKey: 'invalid-key',
        },
        backup: {
          kind: 'openai-compatible',
          baseUrl: `${simulatorUrl}/openai/v1`,
          apiKey: 'sim-key',
        },
      },
      models: {
        chat: {
          targets: [
            { provider: 'primary', model: 'sim-chat' },
            { provider: 'backup', model: 'sim-chat' },
          ],
        },
      },
    }),
  });
  const job = await stack.ended((await stack.submit(chat('fall back'))).id);
  expect(job.state).toBe('completed');
  expect(job.attempts.map(({ provider, outcome }) => [provider, outcome])).toEqual([
    ['primary', 'failed'],
    ['backup', 'succeeded'],
  ]);
  expect(job.attempts[0]?.error).toMatchObject({ code: 'upstream_auth' });
});

test('jobs for later run at their time, and not at all when cancelled', async () => {
  const { stack } = await setUp();
  const runAtMs = Date.now() + 1_500;
  const run_at = new Date(runAtMs).toISOString();
  const requests = [{ ...chat('In a batch'), custom_id: 'a' }];
  const [single, batch, cancelled] = await Promise.all([
    stack.submit({ ...chat('Later'), run_at }),
    stack.submit({ type: 'batch', input: { requests }, delay_seconds: 1 }),
    stack.submit({ ...chat('Never'), run_at }),
  ]);
  await stack.request('POST', `/v1/jobs/${cancelled.id}/cancel`);
  const job = await stack.ended(single.id);
  expect(job).toMatchObject({ state: 'completed', run_at });
  expect(job.timeline?.map(({ type }) => type).slice(0, 3)).toEqual([
    'queued',
    'due',
    'in_progress',
  ]);
  const lateMs = Date.parse(job.started_at!) - runAtMs;
  expect(lateMs).toBeGreaterThanOrEqual(0);
  // A worker that was not woken for it sleeps for five seconds.
  expect(lateMs).toBeLessThan(3_000);
  expect(await stack.ended(batch.id)).toMatchObject({
    state: 'completed',
    result: { summary: { succeeded: 1 } },
  });
  expect(await stack.ended(cancelled.id)).toMatchObject({ state: 'cancelled', attempts: [] });
});
