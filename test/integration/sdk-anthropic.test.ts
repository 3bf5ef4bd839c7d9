import Anthropic, {
  APIError,
  AuthenticationError,
  BadRequestError,
  NotFoundError,
  OverloadedError,
  RateLimitError,
} from '@anthropic-ai/sdk';
import type { ClientOptions } from '@anthropic-ai/sdk';
import { createSimulator } from '@sluice/simulator';
import type { FaultScript } from '@sluice/simulator';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

/** The vendor's own client, unmodified, against the simulator: what it accepts is the protocol. */
const simulator = createSimulator();
const model = 'sim-chat';
const max_tokens = 2000;
const hello: Anthropic.MessageParam[] = [{ role: 'user', content: 'hello there' }];
const tools: Anthropic.Tool[] = [
  {
    name: 'get_weather',
    input_schema: { type: 'object', properties: { city: { type: 'string' } } },
  },
];

function connect(options: ClientOptions = {}): Anthropic {
  const baseURL = `${simulator.url}/anthropic`;
  return new Anthropic({ apiKey: 'key-1', baseURL, maxRetries: 0, ...options });
}

function fail(fault: FaultScript['fault']): void {
  simulator.state.faults.add({ fault });
}

/** The error a call ends with. */
async function failureOf(call: PromiseLike<unknown>): Promise<APIError> {
  try {
    await call;
  } catch (error) {
    expect(error).toBeInstanceOf(APIError);
    return error as APIError;
  }
  throw new Error('The call did not fail.');
}

beforeAll(() => simulator.listen());
afterEach(() => simulator.reset());
afterAll(() => simulator.close());

describe('a message', () => {
  test('is answered', async () => {
    const message = await connect().messages.create({ model, max_tokens, messages: hello });
    expect(message.content).toEqual([{ type: 'text', text: 'You said: hello there' }]);
    expect(message.stop_reason).toBe('end_turn');
    expect(message.usage).toMatchObject({ input_tokens: 3, output_tokens: 6 });
    expect(message._request_id).toMatch(/^req_/u);
  });

  test('is answered to a client of the older version, with its key in x-api-key', async () => {
    const client = connect({
      apiKey: null,
      defaultHeaders: {
        authorization: null,
        'x-api-key': 'key-2',
        'anthropic-version': '2023-06-01',
      },
    });
    const { stop_reason: reason } = await client.messages.create({
      model,
      max_tokens,
      messages: hello,
    });
    expect(reason).toBe('end_turn');
    expect([...simulator.state.ledger.entries()][0]?.key).toBe('key-2');
  });

  test('takes every option of the client', async () => {
    const message = await connect().messages.create({
      model,
      max_tokens,
      messages: [
        {
          role: 'user',
          content: [
            { type: 'image', source: { type: 'url', url: 'https://example.com/cat.png' } },
            { type: 'text', text: 'what is this?', cache_control: { type: 'ephemeral' } },
          ],
        },
      ],
      system: [{ type: 'text', text: 'Be brief.' }],
      tools,
      tool_choice: { type: 'auto', disable_parallel_tool_use: true },
      thinking: { type: 'enabled', budget_tokens: 1024 },
      stop_sequences: [' this'],
      metadata: { user_id: 'user-1' },
      output_config: { effort: 'low' },
      service_tier: 'auto',
    });
    expect(message.content.map(({ type }) => type)).toEqual(['thinking', 'text']);
    expect(message.stop_reason).toBe('stop_sequence');
    expect(message.usage.cache_creation_input_tokens).toBeGreaterThan(85);
  });

  test('reads from the prompt cache what the last one wrote', async () => {
    const client = connect();
    const ask = async () =>
      (
        await client.messages.create({
          model,
          max_tokens,
          cache_control: { type: 'ephemeral' },
          messages: hello,
        })
      ).usage;
    expect(await ask()).toMatchObject({ input_tokens: 0, cache_creation_input_tokens: 3 });
    expect(await ask()).toMatchObject({ input_tokens: 0, cache_read_input_tokens: 3 });
  });

  test('calls a tool and gets its result', async () => {
    const client = connect();
    const question: Anthropic.MessageParam = { role: 'user', content: 'use get_weather' };
    const thinking = { type: 'adaptive' } as const;
    const first = await client.messages.create({
      model,
      max_tokens,
      tools,
      thinking,
      messages: [question],
    });
    const call = first.content.find((block) => block.type === 'tool_use');
    expect(first.stop_reason).toBe('tool_use');
    expect(call?.input).toEqual({ city: 'use get_weather' });
    const result = { type: 'tool_result', tool_use_id: call!.id, content: 'sunny' } as const;
    const second = await client.messages.create({
      model,
      max_tokens,
      tools,
      messages: [
        question,
        { role: 'assistant', content: first.content },
        { role: 'user', content: [result] },
      ],
    });
    expect(second.content).toEqual([{ type: 'text', text: 'The tool answered: sunny' }]);
  });

  test('has its tokens counted', async () => {
    const { input_tokens: tokens } = await connect().messages.countTokens({
      model,
      messages: hello,
      system: 'x'.repeat(400),
    });
    expect(tokens).toBe(103);
  });
});

describe('a streamed message', () => {
  test('is put together by the client', async () => {
    const stream = connect().messages.stream({
      model,
      max_tokens,
      tools,
      thinking: { type: 'adaptive' },
      messages: [{ role: 'user', content: 'use get_weather' }],
    });
    const thoughts: string[] = [];
    stream.on('thinking', (delta) => thoughts.push(delta));
    const message = await stream.finalMessage();
    expect(thoughts.join('')).toBe('Thinking about: use get_weather');
    expect(message.content).toMatchObject([
      { type: 'thinking', thinking: 'Thinking about: use get_weather' },
      { type: 'tool_use', name: 'get_weather', input: { city: 'use get_weather' } },
    ]);
    expect(message.stop_reason).toBe('tool_use');
    expect(message.usage.output_tokens).toBeGreaterThan(1);
  });

  test('tells its text piece by piece', async () => {
    const stream = connect().messages.stream({ model, max_tokens, messages: hello });
    const pieces: string[] = [];
    stream.on('text', (delta) => pieces.push(delta));
    expect(await stream.finalText()).toBe('You said: hello there');
    expect(pieces).toEqual(['You', ' said:', ' hello', ' there']);
  });

  test('survives pings and bytes in pieces', async () => {
    fail({ kind: 'split' });
    const stream = connect().messages.stream({
      model,
      max_tokens,
      messages: [{ role: 'user', content: 'héllo 🌍' }],
    });
    expect(await stream.finalText()).toBe('You said: héllo 🌍');
  });

  test('that breaks off with an error event throws the error of the vendor', async () => {
    fail({ kind: 'error-event', afterChunks: 3 });
    const stream = connect().messages.stream({ model, max_tokens, messages: hello });
    const error = await failureOf(stream.finalMessage());
    expect(error.type).toBe('overloaded_error');
    expect(error.status).toBeUndefined();
  });

  test('that ends without message_stop is noticed by the client', async () => {
    fail({ kind: 'truncate', afterChunks: 4 });
    const stream = connect().messages.stream({ model, max_tokens, messages: hello });
    await expect(stream.finalMessage()).rejects.toThrow('stream ended without producing a Message');
  });
});

describe('an error', () => {
  const ask = (client = connect()) =>
    client.messages.create({ model, max_tokens, messages: hello });

  test('of a limit names the wait, and is retried by the client', async () => {
    simulator.state.limits.set({ requests: [{ limit: 1, windowMs: 60_000 }] });
    await ask();
    const error = await failureOf(ask());
    expect(error).toBeInstanceOf(RateLimitError);
    expect(error.type).toBe('rate_limit_error');
    expect(Number(error.headers?.get('retry-after'))).toBeGreaterThan(30);
    simulator.reset();
    fail({ kind: 'status', status: 429, retryAfterSeconds: 0 });
    expect((await ask(connect({ maxRetries: 1 }))).stop_reason).toBe('end_turn');
  });

  test('of the spend cap has a code and no wait', async () => {
    const code = 'enforced_spend_limit_reached';
    const error = {
      type: 'rate_limit_error',
      message: 'Spend cap.',
      details: { error_code: code },
    };
    fail({ kind: 'status', status: 429, body: { type: 'error', error } });
    const failure = await failureOf(ask());
    expect(failure).toBeInstanceOf(RateLimitError);
    expect(failure.errorCode).toBe(code);
    expect(failure.headers?.get('retry-after')).toBeNull();
  });

  test('of an overloaded vendor is retried', async () => {
    fail({ kind: 'status', status: 529 });
    const error = await failureOf(ask());
    expect(error).toBeInstanceOf(OverloadedError);
    expect(error.requestID).toMatch(/^req_/u);
    fail({ kind: 'status', status: 529, retryAfterSeconds: 0 });
    expect((await ask(connect({ maxRetries: 1 }))).stop_reason).toBe('end_turn');
  });

  test('of the caller has its class', async () => {
    const wrongKey = ask(connect({ apiKey: 'invalid-key' }));
    expect(await failureOf(wrongKey)).toBeInstanceOf(AuthenticationError);
    const wrongModel = connect().messages.create({ model: 'x', max_tokens, messages: hello });
    expect(await failureOf(wrongModel)).toBeInstanceOf(NotFoundError);
    const noMessages = connect().messages.create({ model, max_tokens, messages: [] });
    const error = await failureOf(noMessages);
    expect(error).toBeInstanceOf(BadRequestError);
    expect(error.apiMessage).toBe('messages: at least one message is required');
  });
});

test('the models are listed page by page', async () => {
  const client = connect();
  const ids: string[] = [];
  for await (const each of client.models.list({ limit: 1 })) ids.push(each.id);
  expect(ids).toEqual(['sim-chat', 'sim-chat-large']);
  expect((await client.models.retrieve('sim-chat')).max_input_tokens).toBe(131_072);
});
