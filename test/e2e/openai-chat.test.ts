import { waitFor } from '@sluice/testing';
import {
  APIError,
  AuthenticationError,
  BadRequestError,
  ConflictError,
  NotFoundError,
  UnprocessableEntityError,
  type OpenAI,
} from 'openai';
import { describe, expect, test } from 'vitest';

import { models, openaiClient, useOpenaiStack } from '../support/openai-stack.ts';
import { adminKey } from '../support/start-stack.ts';

const stack = useOpenaiStack();

const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: 'user', content: 'hello there' }];
const tools: OpenAI.ChatCompletionTool[] = [
  {
    type: 'function',
    function: {
      name: 'get_weather',
      parameters: { type: 'object', properties: { city: { type: 'string' } } },
    },
  },
];

const connect = (options = {}) => openaiClient(stack().url, options);

/** The same client at the simulator, without Sluice. */
function direct(): OpenAI {
  return connect({ baseURL: `${stack().simulator.url}/openai/v1`, apiKey: 'sim-key' });
}

test.each([...models, 'talk'])(
  'a chat with %s is answered, with its cost and its job',
  async (model) => {
    const { data, response } = await connect()
      .chat.completions.create({ model, messages })
      .withResponse();
    expect(data).toMatchObject({ object: 'chat.completion', model });
    const [choice] = data.choices;
    expect(choice).toMatchObject({
      finish_reason: 'stop',
      message: { content: expect.stringContaining('hello there'), refusal: null },
    });
    expect(data.usage?.total_tokens).toBeGreaterThan(0);
    const { headers } = response;
    expect(Number(headers.get('x-relay-latency'))).toBeGreaterThan(0);
    expect(headers.get('x-usage-token-count')).toBe(String(data.usage?.total_tokens));
    expect(headers.get('x-cost-usd')).toMatch(/^0\.\d{6}$|^unknown$/);
    const job = await stack().ended(headers.get('x-sluice-job-id') ?? '');
    expect(job).toMatchObject({ state: 'completed', cost_usd: headers.get('x-cost-usd') });
  },
);

test.each([...models, 'talk'])('a stream of %s is put together by the client', async (model) => {
  await stack().simulator.behaviour({ chunkDelayMs: 5 });
  const options = { include_usage: true };
  const stream = connect().chat.completions.stream({ model, messages, stream_options: options });
  const completion = await stream.finalChatCompletion();
  expect(completion.choices[0]?.message.content).toContain('hello there');
  expect(completion.choices[0]?.finish_reason).toBe('stop');
  expect(completion.usage?.total_tokens).toBeGreaterThan(0);
});

test.each(models)('%s calls tools and takes their results', async (model) => {
  const { chat } = connect();
  const question = { role: 'user' as const, content: 'get_weather in Rome' };
  const first = await chat.completions.create({ model, messages: [question], tools });
  const message = first.choices[0]?.message;
  const [call] = message?.tool_calls ?? [];
  if (message === undefined || call?.type !== 'function') throw new Error('No tool was called.');
  expect(first.choices[0]?.finish_reason).toBe('tool_calls');
  const result = { role: 'tool' as const, tool_call_id: call.id, content: 'sunny' };
  // The message as it came, which is what everybody sends back.
  const turns = [question, message, result];
  const second = await chat.completions.create({ model, messages: turns, tools });
  expect(second.choices[0]?.message.content).toContain('sunny');
});

test.each(['openai', 'gemini'])('%s gives as many answers as are asked for', async (model) => {
  const { choices } = await connect().chat.completions.create({ model, messages, n: 2 });
  expect(choices.map(({ index, message }) => [index, message.content?.includes('hello')])).toEqual([
    [0, true],
    [1, true],
  ]);
});

test('probabilities of tokens, the tier and the place of each answer come through, also in pieces', async () => {
  const asked = {
    model: 'openai',
    messages,
    n: 2,
    logprobs: true,
    top_logprobs: 2,
    service_tier: 'flex' as const,
  };
  const [whole, streamed, own] = await Promise.all([
    connect().chat.completions.create(asked),
    connect().chat.completions.stream(asked).finalChatCompletion(),
    direct()
      .chat.completions.stream({ ...asked, model: 'sim-chat' })
      .finalChatCompletion(),
  ]);
  expect(whole.service_tier).toBe('flex');
  const said = ({ choices }: typeof whole) =>
    choices.map(({ index, message, logprobs }) => ({
      index,
      text: message.content,
      tokens: logprobs?.content?.map(({ token, logprob }) => [token, logprob]),
      likely: logprobs?.content?.[0]?.top_logprobs.length,
    }));
  expect(said(own)).toMatchObject([{ likely: 2 }, { index: 1, likely: 2 }]);
  expect(said(whole)).toEqual(said(own));
  expect(said(streamed)).toEqual(said(own));
});

test('an answer may be spoken, whole or in pieces', async () => {
  const { chat } = connect();
  const spoken = { model: 'openai', messages, modalities: ['text' as const, 'audio' as const] };
  const wav = { voice: 'sage', format: 'wav' as const };
  const { choices } = await chat.completions.create({ ...spoken, audio: wav });
  const said = choices[0]?.message.audio;
  expect(Buffer.from(said?.data ?? '', 'base64').toString()).toBe('You said: hello there');
  expect(said).toMatchObject({ transcript: 'You said: hello there', id: expect.any(String) });

  const pcm = { voice: 'sage', format: 'pcm16' as const };
  const stream = await chat.completions.create({ ...spoken, audio: pcm, stream: true });
  let data = '';
  for await (const chunk of stream) {
    data += chunk.choices[0]?.delta.audio?.data ?? '';
  }
  expect(Buffer.from(data, 'base64').toString()).toBe('You said: hello there');
});

test('what the target has no word for is refused by its name', async () => {
  const drawn = { model: 'cached', messages, modalities: ['text', 'image'] as 'text'[] };
  await expect(connect().chat.completions.create(drawn)).rejects.toMatchObject({
    status: 400,
    param: 'modalities',
  });
});

type ToolPieces = Map<number, { id: string; type: string; name: string; arguments: string }>;

async function toolPieces(client: OpenAI): Promise<ToolPieces> {
  const question = { role: 'user' as const, content: 'get_weather in Rome' };
  const body = { model: 'openai', messages: [question], tools, stream: true as const };
  const model = client.baseURL.includes('/openai/') ? 'sim-chat' : body.model;
  const stream = await client.chat.completions.create({ ...body, model });
  const calls: ToolPieces = new Map();
  for await (const chunk of stream) {
    for (const { index, id, type, function: of } of chunk.choices[0]?.delta.tool_calls ?? []) {
      const call = calls.get(index) ?? { id: '', type: '', name: '', arguments: '' };
      call.id += id ?? '';
      call.type += type ?? '';
      call.name += of?.name ?? '';
      call.arguments += of?.arguments ?? '';
      calls.set(index, call);
    }
  }
  return calls;
}

test('tool calls in pieces are those of the provider, each id and name once', async () => {
  const [through, plain] = [await toolPieces(connect()), await toolPieces(direct())];
  const same = ({ type, name, arguments: text }: NonNullable<ReturnType<ToolPieces['get']>>) => ({
    type,
    name,
    text,
  });
  expect([...through.values()].map(same)).toEqual([...plain.values()].map(same));
  expect(through.get(0)?.id).toMatch(/^call_\w+$/);
});

test('an answer is parsed by a schema', async () => {
  const schema = { type: 'object', properties: { n: { type: 'integer' } } };
  const completion = await connect().chat.completions.parse({
    model: 'openai',
    messages,
    response_format: { type: 'json_schema', json_schema: { name: 'count', schema } },
  });
  expect(JSON.parse(completion.choices[0]?.message.content ?? '')).toEqual({ n: 1 });
});

describe('an app of Dify', () => {
  const ask = (headers: Record<string, string>, model = 'dify-default') =>
    connect().chat.completions.create(
      { model, messages, temperature: 0.7, max_tokens: 2048 },
      { headers },
    );

  test('is asked by headers, whatever model is named', async () => {
    const headers = { 'X-Relay-Target': 'dify', 'X-Dify-App-Id': 'flow' };
    const { choices, usage } = await ask(headers);
    expect(choices[0]?.message.content).toContain('hello there');
    expect(usage?.total_tokens).toBeGreaterThan(0);
  });

  test('is sent variables beside the question', async () => {
    const headers = { 'X-Dify-App-Id': 'flow', 'X-Dify-Inputs': '{"tone":"brief"}' };
    await ask({ ...headers, 'X-Dify-Input-Variable': 'topic' });
    const job = await stack().request('GET', '/v1/jobs?type=workflow&limit=1');
    expect(job.body).toMatchObject({ data: [{ app: 'flow', state: 'completed' }] });
  });

  test('refuses a body in its own format and says how to send it', async () => {
    const native = { model: 'flow', inputs: {}, query: 'hi', response_mode: 'blocking' };
    const failure = await connect()
      .chat.completions.create(native as never)
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(UnprocessableEntityError);
    expect(failure).toMatchObject({ code: 'wrong_body_format', param: 'response_mode' });
    expect(String(failure)).toContain('"messages": [{"role": "user"');
  });
});

describe('options', () => {
  test('in headers are those of the job', async () => {
    const { response } = await connect()
      .chat.completions.create(
        { model: 'openai', messages, metadata: { team: 'a' } },
        {
          headers: {
            'X-Sluice-Priority': 'high',
            'X-Sluice-Tags': 'env=prod, feature=x',
            'X-Sluice-User': 'u1',
          },
        },
      )
      .withResponse();
    const job = await stack().ended(response.headers.get('x-sluice-job-id') ?? '');
    const metadata = { team: 'a', env: 'prod', feature: 'x' };
    expect(job).toMatchObject({ priority: 'high', user: 'u1', metadata });
  });

  test('ask the cache, or go past it', async () => {
    const ask = async (mode: string) => {
      const headers = { 'X-Sluice-Cache': mode };
      const body = { model: 'cached', messages };
      const call = connect().chat.completions.create(body, { headers });
      return (await call.withResponse()).response.headers.get('x-sluice-cache');
    };
    expect([await ask('default'), await ask('default'), await ask('bypass')]).toEqual([
      'miss',
      'hit',
      'bypass',
    ]);
  });

  test('that nobody knows, and values that they cannot have, are refused by name', async () => {
    const ask = (headers: Record<string, string>) =>
      connect().chat.completions.create({ model: 'openai', messages }, { headers });
    await expect(ask({ 'X-Sluice-Priorty': 'high' })).rejects.toThrow(/X-Sluice-Priority/);
    await expect(ask({ 'X-Sluice-Priority': 'top' })).rejects.toThrow(/high, normal, low/);
  });

  test('the same Idempotency-Key gives the same answer, bought once', async () => {
    const ask = () =>
      connect().chat.completions.create(
        { model: 'openai', messages },
        { headers: { 'Idempotency-Key': 'order-7' } },
      );
    const [first, second] = [await ask(), await ask()];
    expect(second.id).toBe(first.id);
    expect(await stack().simulator.bought('chat')).toBe(1);
  });

  test('the same Idempotency-Key at the same time is a conflict until the first is answered, or has gone', async () => {
    await stack().simulator.behaviour({ chunkDelayMs: 20, chunks: 20 });
    const client = connect({ maxRetries: 0 });
    const ask = (content: string, signal?: AbortSignal) =>
      client.chat.completions
        .create(
          { model: 'openai', messages: [{ role: 'user', content }] },
          { headers: { 'Idempotency-Key': 'at-once' }, ...(signal && { signal }) },
        )
        .catch((error: unknown) => error as APIError);
    const leaving = new AbortController();
    const left = ask('one', leaving.signal);
    await waitFor(async () => (await stack().simulator.calls()).length > 0);
    const taken = await waitFor(async () => {
      const second = await ask('one');
      return second instanceof ConflictError ? second : undefined;
    });
    expect(taken).toMatchObject({ code: 'idempotency_key_in_use', param: 'Idempotency-Key' });
    expect(taken.headers?.get('retry-after')).toBe('1');
    expect(await ask('two')).toBeInstanceOf(UnprocessableEntityError);
    leaving.abort();
    await left;
    const answered = await waitFor(async () => {
      const next = await ask('one');
      return next instanceof ConflictError ? undefined : next;
    });
    expect(answered).toMatchObject({ object: 'chat.completion' });
    expect(await stack().simulator.bought('chat')).toBe(1);
  });
});

describe('a client', () => {
  test('that goes at the first event leaves a job that completes', async () => {
    await stack().simulator.behaviour({ chunkDelayMs: 20, chunks: 20 });
    const call = connect().chat.completions.create({ model: 'openai', messages, stream: true });
    const { data: stream, response } = await call.withResponse();
    for await (const chunk of stream) {
      expect(chunk.choices[0]?.delta.role).toBe('assistant');
      break;
    }
    const job = await stack().ended(response.headers.get('x-sluice-job-id') ?? '');
    expect(job).toMatchObject({ state: 'completed', usage: { source: 'provider' } });
    expect(await stack().simulator.bought('chat')).toBe(1);
  });

  test('that goes cancels its job where it has said so', async () => {
    await stack().simulator.behaviour({ chunkDelayMs: 50, chunks: 100 });
    const headers = { 'X-Sluice-On-Disconnect': 'cancel' };
    const body = { model: 'openai', messages, stream: true as const };
    const call = connect().chat.completions.create(body, { headers });
    const { data: stream, response } = await call.withResponse();
    stream.controller.abort();
    const job = await stack().ended(response.headers.get('x-sluice-job-id') ?? '');
    expect(job.state).toBe('cancelled');
  });

  test('with a short timeout outlasts a long wait for a stream: bytes come before it is over', async () => {
    await stack().simulator.behaviour({ latencyMs: 3_000 });
    const body = { model: 'anthropic', messages };
    const stream = connect().chat.completions.stream(body, { timeout: 2_000 });
    const { choices } = await stream.finalChatCompletion();
    expect(choices[0]?.message.content).toContain('hello there');
    expect(await stack().simulator.bought('chat')).toBe(1);
  });

  test('that gives up waiting and tries again by itself gets the job that it has left', async () => {
    await stack().simulator.behaviour({ latencyMs: 2_500 });
    const client = connect({ timeout: 1_000, maxRetries: 4 });
    const ask = () => client.chat.completions.create({ model: 'openai', messages });
    const [first, second] = await Promise.all([ask(), ask()]);
    expect(first.choices[0]?.message.content).toContain('hello there');
    // Two calls of the same words are two jobs, however often each was tried.
    expect(second.id).not.toBe(first.id);
    expect((await stack().simulator.calls('chat')).length).toBe(2);
  });

  test('gets bytes while it waits for a whole answer, and what the head could not say at its end', async () => {
    await stack().simulator.behaviour({ latencyMs: 1_000 });
    const headers = {
      authorization: `Bearer ${adminKey}`,
      'content-type': 'application/json',
      'x-sluice-keep-alive': '0.2',
    };
    const body = JSON.stringify({ model: 'openai', messages });
    const url = `${stack().url}/v1/chat/completions`;
    const reply = await fetch(url, { method: 'POST', headers, body });
    const text = await reply.text();
    expect(text).toMatch(/^\n{3,}\{/);
    expect(JSON.parse(text)).toMatchObject({ object: 'chat.completion' });
  });

  test('is told when it would not wait longer, and not to try again', async () => {
    await stack().simulator.behaviour({ latencyMs: 3_000 });
    const failure = await connect({ maxRetries: 2 })
      .chat.completions.create(
        { model: 'openai', messages },
        { headers: { 'X-Request-Timeout': '0.5' } },
      )
      .catch((error: unknown) => error);
    if (!(failure instanceof APIError)) throw failure;
    expect(failure).toMatchObject({ status: 504, code: expect.stringMatching(/timeout/) });
    await stack().ended(failure.headers?.get('x-sluice-job-id') ?? '');
    expect((await stack().simulator.calls('chat')).length).toBe(1);
  });
});

describe('an error', () => {
  const ask = (client: OpenAI, more: object = {}) =>
    client.chat.completions.create({ model: 'openai', messages, ...more });

  test('has the class of the client and names the field that was sent', async () => {
    await expect(ask(connect({ apiKey: 'wrong' }))).rejects.toBeInstanceOf(AuthenticationError);
    const missing = await ask(connect(), { model: 'nothing' }).catch((error: unknown) => error);
    expect(missing).toBeInstanceOf(NotFoundError);
    expect(missing).toMatchObject({ code: 'model_not_found', param: 'model' });
    const wrong = await ask(connect(), { temperature: 9 }).catch((error: unknown) => error);
    expect(wrong).toBeInstanceOf(BadRequestError);
    expect(wrong).toMatchObject({ param: 'temperature' });
    expect(String(wrong)).toContain('at most 2');
  });

  test('of the provider is not tried again by the client: the job had its attempts', async () => {
    const fault = {
      match: { kind: 'chat' as const },
      fault: { kind: 'status' as const, status: 500 },
    };
    await stack().simulator.fault(...Array.from({ length: 6 }, () => fault));
    const failure = await ask(connect({ maxRetries: 2 })).catch((error: unknown) => error);
    expect(failure).toMatchObject({ status: 502, code: 'upstream_error' });
    expect((await stack().simulator.calls('chat')).length).toBe(2);
  });

  test('ends a stream that cannot be ended', async () => {
    await stack().simulator.behaviour({ chunkDelayMs: 30, chunks: 30 });
    const stream = await connect().chat.completions.create({
      model: 'openai',
      messages,
      stream: true,
    });
    const job = await stack().request('GET', '/v1/jobs?state=in_progress&limit=1');
    const { data } = job.body as { data: { id: string }[] };
    const read = async () => {
      for await (const chunk of stream) {
        if (chunk.choices[0]?.delta.content) {
          await stack().request('POST', `/v1/jobs/${data[0]?.id}/cancel`);
        }
      }
    };
    const failure = await read().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(APIError);
    expect(failure).toMatchObject({ code: 'cancelled' });
  });

  test('of a broken call is not seen by a client of a stream that goes on', async () => {
    await stack().simulator.behaviour({ chunkDelayMs: 10, chunks: 40 });
    await stack().simulator.fault({
      match: { kind: 'chat' },
      fault: { kind: 'reset', afterChunks: 10 },
    });
    const stream = connect().chat.completions.stream({ model: 'openai', messages });
    const { choices } = await stream.finalChatCompletion();
    expect(choices[0]?.message.content).toBe('You said: hello there');
    await waitFor(async () => (await stack().simulator.calls('chat')).length === 2);
  });
});
