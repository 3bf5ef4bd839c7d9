import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

import Anthropic, {
  APIError,
  AuthenticationError,
  BadRequestError,
  InternalServerError,
  NotFoundError,
} from '@anthropic-ai/sdk';
import { describe, expect, test } from 'vitest';

import { useOpenaiStack } from '../support/openai-stack.ts';
import { adminKey, fetchPatiently } from '../support/start-stack.ts';

const run = promisify(execFile);
const stack = useOpenaiStack();

type Options = ConstructorParameters<typeof Anthropic>[0];

/** Anthropic's own client, unmodified but for its base URL. */
const connect = (options: Options = {}) => {
  const own = { baseURL: stack().url, apiKey: adminKey, maxRetries: 0, fetch: fetchPatiently };
  return new Anthropic({ ...own, ...options });
};

const models = ['openai', 'anthropic', 'gemini'];
const messages: Anthropic.MessageParam[] = [{ role: 'user', content: 'hello there' }];
const bodyOf = (model: string) => ({ model, max_tokens: 1_024, messages });
const tools: Anthropic.Tool[] = [
  {
    name: 'get_weather',
    input_schema: { type: 'object', properties: { city: { type: 'string' } } },
  },
];

/** The smallest PNG. */
const pixel =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

const textOf = ({ content }: Anthropic.Message) =>
  content.flatMap((block) => (block.type === 'text' ? [block.text] : [])).join('');

const failureOf = async (call: Promise<unknown>) => await call.catch((error: unknown) => error);

describe.each(models)('a message of %s', (model) => {
  test('is answered, with its cost and its job', async () => {
    const { data, response } = await connect()
      .messages.create({
        ...bodyOf(model),
        system: [{ type: 'text', text: 'be brief', cache_control: { type: 'ephemeral' } }],
        metadata: { user_id: 'ann' },
      })
      .withResponse();
    expect(data).toMatchObject({
      type: 'message',
      role: 'assistant',
      model,
      stop_reason: 'end_turn',
    });
    expect(textOf(data)).toContain('hello there');
    const { usage } = data;
    const all =
      usage.input_tokens +
      usage.output_tokens +
      (usage.cache_read_input_tokens ?? 0) +
      (usage.cache_creation_input_tokens ?? 0);
    const { headers } = response;
    expect(headers.get('x-usage-token-count')).toBe(String(all));
    expect(Number(headers.get('x-relay-latency'))).toBeGreaterThan(0);
    expect(headers.get('request-id')).toBe(headers.get('x-request-id'));
    const job = await stack().ended(headers.get('x-sluice-job-id') ?? '');
    expect(job).toMatchObject({ state: 'completed', cost_usd: headers.get('x-cost-usd') });
  });

  test('is put together by the client from its stream', async () => {
    await stack().simulator.behaviour({ chunkDelayMs: 5 });
    const stream = connect().messages.stream(bodyOf(model));
    const events: string[] = [];
    stream.on('streamEvent', ({ type }) => events.push(type));
    const message = await stream.finalMessage();
    expect(textOf(message)).toContain('hello there');
    expect(message).toMatchObject({ model, stop_reason: 'end_turn' });
    expect(message.usage.input_tokens).toBeGreaterThan(0);
    expect(message.usage.output_tokens).toBeGreaterThan(0);
    expect(events.slice(0, 3)).toEqual([
      'message_start',
      'content_block_start',
      'content_block_delta',
    ]);
    expect(events.slice(-3)).toEqual(['content_block_stop', 'message_delta', 'message_stop']);
  });

  test.each(['whole', 'stream'])('calls tools and takes their results, %s', async (how) => {
    const client = connect();
    const question: Anthropic.MessageParam = { role: 'user', content: 'get_weather in Rome' };
    const body = { ...bodyOf(model), tools, messages: [question] };
    const first =
      how === 'whole'
        ? await client.messages.create(body)
        : await client.messages.stream(body).finalMessage();
    const call = first.content.find((block) => block.type === 'tool_use');
    if (!call) throw new Error('No tool was called.');
    expect(first.stop_reason).toBe('tool_use');
    expect(call).toMatchObject({ name: 'get_weather', input: { city: expect.any(String) } });
    const result = { type: 'tool_result' as const, tool_use_id: call.id, content: 'sunny' };
    const second = await client.messages.create({
      ...body,
      // The blocks as they came, which is what everybody sends back.
      messages: [
        question,
        { role: 'assistant', content: first.content },
        { role: 'user', content: [result] },
      ],
    });
    expect(textOf(second)).toContain('sunny');
  });

  test('sees an image', async () => {
    const image: Anthropic.ImageBlockParam = {
      type: 'image',
      source: { type: 'base64', media_type: 'image/png', data: pixel },
    };
    const content = [image, { type: 'text' as const, text: 'what is it' }];
    const asked = { ...bodyOf(model), messages: [{ role: 'user' as const, content }] };
    const { response } = await connect().messages.create(asked).withResponse();
    const id = response.headers.get('x-sluice-job-id') ?? '';
    expect(await stack().ended(id)).toMatchObject({ state: 'completed' });
  });
});

test.each(['whole', 'stream'])('thoughts go through the client and back, %s', async (how) => {
  const client = connect();
  const question: Anthropic.MessageParam = { role: 'user', content: 'get_weather in Rome' };
  const body = {
    ...bodyOf('anthropic'),
    tools,
    thinking: { type: 'adaptive' as const },
    messages: [question],
  };
  const first =
    how === 'whole'
      ? await client.messages.create(body)
      : await client.messages.stream(body).finalMessage();
  expect(first.content[0]).toMatchObject({ type: 'thinking' });
  const call = first.content.find((block) => block.type === 'tool_use');
  const result = { type: 'tool_result' as const, tool_use_id: call?.id ?? '', content: 'sunny' };
  const answer = async (content: Anthropic.ContentBlock[]) =>
    await client.messages.create({
      ...body,
      messages: [question, { role: 'assistant', content }, { role: 'user', content: [result] }],
    });
  expect(textOf(await answer(first.content))).toContain('sunny');
  // The provider gets them: it refuses a signature that is not its own.
  const failure = await failureOf(answer(first.content.map(signedOtherwise)));
  expect(failure).toBeInstanceOf(BadRequestError);
  expect(String(failure)).toContain('signature');
});

/** A thought with another signature, also where it is in the block behind a stream. */
function signedOtherwise(block: Anthropic.ContentBlock): Anthropic.ContentBlock {
  if (block.type === 'thinking' && block.signature !== '') return { ...block, signature: 'AAAA' };
  if (block.type !== 'redacted_thinking') return block;
  const [prefix, data = ''] = block.data.split('.');
  const kept = Buffer.from(data, 'base64url').toString();
  const other = kept.replace(/"signature":"[^"]+"/, '"signature":"AAAA"');
  return { ...block, data: `${prefix}.${Buffer.from(other).toString('base64url')}` };
}

const commandsIn = (block: string) => block.split(/^(?=curl )/m);

test('every curl command of docs/anthropic.md works as written', async () => {
  const page = await readFile(new URL('../../docs/anthropic.md', import.meta.url), 'utf8');
  const blocks = [...page.matchAll(/^```sh\n(curl .*?)^```/gms)].map(([, text = '']) => text);
  const answers = await Promise.all(
    blocks.flatMap(commandsIn).map(async (command) => {
      const here = command
        .replaceAll('http://127.0.0.1:8080', stack().url)
        .replaceAll('"sim-chat"', '"openai"');
      const { stdout } = await run('sh', ['-c', here], { env: { ...process.env, KEY: adminKey } });
      return JSON.parse(stdout) as unknown;
    }),
  );
  expect(answers).toMatchObject([
    { type: 'message', stop_reason: 'end_turn' },
    { input_tokens: expect.any(Number) },
    { data: expect.any(Array), has_more: false },
  ]);
});

describe('a refusal', () => {
  test('is the class that code knows, and names the field', async () => {
    const bare = { model: 'openai', messages } as never;
    const failure = await failureOf(connect().messages.create(bare));
    expect(failure).toBeInstanceOf(BadRequestError);
    expect(failure).toMatchObject({
      status: 400,
      requestID: expect.stringMatching(/^req_/),
      error: { type: 'error', error: { type: 'invalid_request_error' } },
    });
    expect(String(failure)).toContain('max_tokens');
  });

  test('of a tool that Anthropic runs says so', async () => {
    const search = [{ type: 'web_search_20250305', name: 'web_search' }] as never;
    const failure = await failureOf(
      connect().messages.create({ ...bodyOf('openai'), tools: search }),
    );
    expect(failure).toBeInstanceOf(BadRequestError);
    expect(String(failure)).toContain('tools[0].type');
  });

  test('of a key or a model has its own class', async () => {
    const wrong = connect({ apiKey: 'sk_sluice_of_nobody' }).messages.create(bodyOf('openai'));
    expect(await failureOf(wrong)).toBeInstanceOf(AuthenticationError);
    const unknown = await failureOf(connect().messages.create(bodyOf('opnai')));
    expect(unknown).toBeInstanceOf(NotFoundError);
    expect(unknown).toMatchObject({ error: { error: { type: 'not_found_error' } } });
  });

  test('of an overloaded provider is 529, and no other call is led to be made', async () => {
    const fault = { fault: { kind: 'status' as const, status: 529 } };
    await stack().simulator.fault(...Array.from({ length: 6 }, () => fault));
    const failure = await failureOf(
      connect({ maxRetries: 2 }).messages.create(bodyOf('anthropic')),
    );
    expect(failure).toBeInstanceOf(InternalServerError);
    expect(failure).toMatchObject({ status: 529, error: { error: { type: 'overloaded_error' } } });
    const { headers } = failure as InstanceType<typeof InternalServerError>;
    expect(headers.get('x-should-retry')).toBe('false');
    expect(await stack().simulator.calls()).toHaveLength(2);
  });
});

describe('a stream', () => {
  test('that cannot be ended ends with an error event', async () => {
    await stack().simulator.behaviour({ chunkDelayMs: 30, chunks: 30 });
    const { data: stream, response } = await connect()
      .messages.create({ ...bodyOf('openai'), stream: true })
      .withResponse();
    const id = response.headers.get('x-sluice-job-id') ?? '';
    await stack().request('POST', `/v1/jobs/${id}/cancel`);
    const types: string[] = [];
    const read = async () => {
      for await (const { type } of stream) types.push(type);
    };
    const failure = await failureOf(read());
    expect(failure).toBeInstanceOf(APIError);
    expect(failure).toMatchObject({ error: { type: 'error', error: { type: 'conflict_error' } } });
    expect(types[0]).toBe('message_start');
    expect(types).not.toContain('message_stop');
  });

  test('is kept alive with pings while its job waits', async () => {
    await stack().simulator.behaviour({ firstByteMs: 1_000 });
    const response = await connect()
      .messages.create(
        { ...bodyOf('openai'), stream: true },
        { headers: { 'X-Sluice-Keep-Alive': '0.2' } },
      )
      .asResponse();
    const text = await response.text();
    expect(text).toMatch(/^[^]*?event: ping\ndata: {"type":"ping"}\n\n[^]*event: message_start\n/);
    expect(text).toMatch(/event: message_stop\ndata: {"type":"message_stop"}\n\n$/);
  });
});

test('the header x-api-key and the older version are taken', async () => {
  const response = await fetch(`${stack().url}/v1/messages`, {
    method: 'POST',
    headers: {
      'x-api-key': adminKey,
      'anthropic-version': '2023-06-01',
      'content-type': 'application/json',
    },
    body: JSON.stringify(bodyOf('openai')),
  });
  expect(response.status).toBe(200);
  expect(await response.json()).toMatchObject({ type: 'message' });
});

test('tokens are counted without asking anybody, near to what the vendor counts', async () => {
  const asked = { model: 'anthropic', messages, tools, system: 'You are a poet. '.repeat(200) };
  const { input_tokens: counted } = await connect().messages.countTokens(asked);
  const calls = await stack().simulator.calls();
  expect(calls).toEqual([]);
  const { usage } = await connect().messages.create({ ...asked, max_tokens: 10 });
  expect(counted / usage.input_tokens).toBeGreaterThan(0.7);
  expect(counted / usage.input_tokens).toBeLessThan(1.6);
  const unknown = await failureOf(connect().messages.countTokens({ ...asked, model: 'none' }));
  expect(unknown).toBeInstanceOf(NotFoundError);
  const wrong = await failureOf(connect().messages.countTokens({ ...asked, messages: [] }));
  expect(wrong).toBeInstanceOf(BadRequestError);
});

test('models are listed in pages, as its own client reads them', async () => {
  const client = connect();
  const all: string[] = [];
  for await (const model of client.models.list({ limit: 2 })) {
    expect(model).toMatchObject({ type: 'model', display_name: model.id });
    all.push(model.id);
  }
  expect(all).toEqual(expect.arrayContaining(models));
  const [first = '', second = ''] = all;
  const before = await client.models.list({ before_id: second });
  expect(before.data.map(({ id }) => id)).toEqual([first]);
  expect(await client.models.retrieve(first)).toMatchObject({ type: 'model', id: first });
  expect(await failureOf(client.models.retrieve('none'))).toBeInstanceOf(NotFoundError);
  const wrong = await failureOf(Promise.resolve(client.models.list({ limit: 0 })));
  expect(wrong).toMatchObject({ status: 400, error: { type: 'error' } });
});
