import { createSimulator } from '@sluice/simulator';
import type { FaultScript } from '@sluice/simulator';
import OpenAI, {
  APIError,
  AuthenticationError,
  AzureOpenAI,
  BadRequestError,
  NotFoundError,
  RateLimitError,
} from 'openai';
import type { AzureClientOptions } from 'openai';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

/** The vendor's own client, unmodified, against the simulator: what it accepts is the protocol. */
const simulator = createSimulator();
const model = 'sim-chat-eu';
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

function connect(options: AzureClientOptions = {}): AzureOpenAI {
  const endpoint = `${simulator.url}/azure`;
  const key = options.azureADTokenProvider === undefined ? { apiKey: 'key-1' } : {};
  return new AzureOpenAI({ endpoint, ...key, apiVersion: '2024-10-21', maxRetries: 0, ...options });
}

/** The plain client, as the v1 paths are called. */
function connectV1(): OpenAI {
  const baseURL = `${simulator.url}/azure/openai/v1`;
  return new OpenAI({ baseURL, apiKey: 'key-1', maxRetries: 0 });
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

async function collect(
  stream: AsyncIterable<OpenAI.ChatCompletionChunk>,
): Promise<OpenAI.ChatCompletionChunk[]> {
  const chunks: OpenAI.ChatCompletionChunk[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
}

beforeAll(() => simulator.listen());
afterEach(() => simulator.reset());
afterAll(() => simulator.close());

describe('a chat', () => {
  test('is answered on a deployment', async () => {
    const completion = await connect().chat.completions.create({ model, messages });
    expect(completion.choices[0]?.message.content).toBe('You said: hello there');
    expect(completion.model).toBe('sim-chat');
    expect(completion).toHaveProperty('prompt_filter_results');
    expect([...simulator.state.ledger.entries()][0]).toMatchObject({
      key: 'key-1',
      model,
      path: `/azure/openai/deployments/${model}/chat/completions`,
    });
  });

  test('is answered with an Entra token, on the deployment of the client', async () => {
    const client = connect({
      azureADTokenProvider: () => Promise.resolve('token-1'),
      deployment: 'sim-chat-large',
    });
    const completion = await client.chat.completions.create({ model: 'ignored', messages });
    expect(completion.model).toBe('sim-chat-large');
    expect([...simulator.state.ledger.entries()][0]?.key).toBe('token-1');
  });

  test('is answered on the v1 path to the plain client', async () => {
    const completion = await connectV1().chat.completions.create({ model, messages });
    expect(completion.choices[0]?.finish_reason).toBe('stop');
  });

  test('streams, tools and usage included, after a chunk without choices', async () => {
    const chunks = await collect(
      await connect().chat.completions.create({
        model,
        messages: [{ role: 'user', content: 'use get_weather' }],
        tools,
        stream: true,
        stream_options: { include_usage: true },
      }),
    );
    expect(chunks[0]?.choices).toEqual([]);
    const calls = chunks.flatMap((chunk) => chunk.choices[0]?.delta.tool_calls ?? []);
    expect(calls[0]?.function?.name).toBe('get_weather');
    const json = calls.map((call) => call.function?.arguments ?? '').join('');
    expect(JSON.parse(json)).toEqual({ city: 'use get_weather' });
    expect(chunks.at(-1)?.usage?.prompt_tokens).toBeGreaterThan(0);
  });

  test('is put together by the helper of the client', async () => {
    const stream = connectV1().chat.completions.stream({ model: 'sim-chat', messages });
    expect(await stream.finalContent()).toBe('You said: hello there');
  });
});

test('a text is embedded, in base64 as the client asks for it', async () => {
  const { data } = await connect().embeddings.create({ model: 'sim-embedding', input: 'a b' });
  expect(data[0]?.embedding).toHaveLength(256);
});

test('the models are listed', async () => {
  const ids: string[] = [];
  for await (const each of connect().models.list()) ids.push(each.id);
  expect(ids).toContain('sim-chat');
});

describe('an error', () => {
  const ask = (client: OpenAI = connect()) => client.chat.completions.create({ model, messages });

  test('of a limit has a number as its code, and is retried by the client', async () => {
    simulator.state.limits.set({ requests: [{ limit: 1, windowMs: 60_000 }] });
    await ask();
    const error = await failureOf(ask());
    expect(error).toBeInstanceOf(RateLimitError);
    expect(error.code).toBe('429');
    const wait = error.headers?.get('retry-after');
    expect(Number(wait)).toBeGreaterThan(30);
    expect(error.message).toContain(`Please retry after ${wait} seconds`);
    simulator.reset();
    fail({ kind: 'status', status: 429, retryAfterSeconds: 0 });
    const patient = await ask(connect({ maxRetries: 1 }));
    expect(patient.choices[0]?.finish_reason).toBe('stop');
  });

  test('of the content filter says what was found', async () => {
    const error = await failureOf(
      connect().chat.completions.create({
        model,
        messages: [{ role: 'user', content: 'tell me [[content_filter]]' }],
      }),
    );
    expect(error).toBeInstanceOf(BadRequestError);
    expect(error.code).toBe('content_filter');
    expect(error.error).toMatchObject({ innererror: { code: 'ResponsibleAIPolicyViolation' } });
  });

  test('of an overloaded service is retried', async () => {
    fail({ kind: 'status', status: 503 });
    expect((await failureOf(ask())).status).toBe(503);
    fail({ kind: 'status', status: 503, retryAfterSeconds: 0 });
    const patient = await ask(connect({ maxRetries: 1 }));
    expect(patient.choices[0]?.finish_reason).toBe('stop');
  });

  test('in the midst of a stream is thrown', async () => {
    fail({ kind: 'error-event', afterChunks: 3 });
    const stream = await connect().chat.completions.create({ model, messages, stream: true });
    const error = await failureOf(collect(stream));
    expect(error.type).toBe('server_error');
    expect(error.status).toBeUndefined();
  });

  test('of the caller has its class', async () => {
    const wrongKey = ask(connect({ apiKey: 'invalid-key' }));
    expect(await failureOf(wrongKey)).toBeInstanceOf(AuthenticationError);
    const unknown = await failureOf(ask(connect({ deployment: 'gpt-9' })));
    expect(unknown).toBeInstanceOf(NotFoundError);
    expect(unknown.code).toBe('DeploymentNotFound');
  });
});
