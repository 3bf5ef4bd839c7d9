import { createSimulator } from '@sluice/simulator';
import OpenAI, {
  APIConnectionError,
  APIError,
  AuthenticationError,
  BadRequestError,
  InternalServerError,
  NotFoundError,
  RateLimitError,
  toFile,
} from 'openai';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

/** The vendor's own client, unmodified, against the simulator: what it accepts is the protocol. */
const simulator = createSimulator();
const model = 'sim-chat';
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

function connect(options: { apiKey?: string; maxRetries?: number } = {}): OpenAI {
  const baseURL = `${simulator.url}/openai/v1`;
  return new OpenAI({ baseURL, apiKey: 'key-1', maxRetries: 0, ...options });
}

beforeAll(() => simulator.listen());
afterEach(() => simulator.reset());
afterAll(() => simulator.close());

describe('a chat', () => {
  test('is answered, with the id of the request', async () => {
    const request = connect().chat.completions.create({ model, messages });
    const { data, request_id: requestId } = await request.withResponse();
    expect(requestId).toMatch(/^req_/u);
    expect(data.choices[0]?.message.content).toBe('You said: hello there');
    expect(data.usage).toMatchObject({ prompt_tokens: 3, completion_tokens: 6, total_tokens: 9 });
  });

  test('calls tools and takes their results', async () => {
    const { chat } = connect();
    const question = { role: 'user' as const, content: 'get_weather in Rome' };
    const first = await chat.completions.create({ model, messages: [question], tools });
    const message = first.choices[0]?.message;
    const [call] = message?.tool_calls ?? [];
    if (message === undefined || call?.type !== 'function') throw new Error('No tool was called.');
    expect(JSON.parse(call.function.arguments)).toEqual({ city: 'get_weather in Rome' });
    const result = { role: 'tool' as const, tool_call_id: call.id, content: 'sunny' };
    const second = await chat.completions.create({
      model,
      messages: [question, message, result],
      tools,
    });
    expect(second.choices[0]?.message.content).toBe('The tool answered: sunny');
  });

  test('is parsed by a schema', async () => {
    const schema = { type: 'object', properties: { n: { type: 'integer' } } };
    const completion = await connect().chat.completions.parse({
      model,
      messages,
      response_format: { type: 'json_schema', json_schema: { name: 'count', schema } },
    });
    expect(JSON.parse(completion.choices[0]?.message.content ?? '')).toEqual({ n: 1 });
  });
});

describe('a stream', () => {
  test('is put together by the client, usage included', async () => {
    const stream = connect().chat.completions.stream({
      model,
      messages,
      stream_options: { include_usage: true },
    });
    const completion = await stream.finalChatCompletion();
    expect(completion.choices[0]?.message.content).toBe('You said: hello there');
    expect(completion.choices[0]?.finish_reason).toBe('stop');
    expect(completion.usage?.total_tokens).toBe(9);
  });

  test('brings tool calls in pieces', async () => {
    const stream = connect().chat.completions.stream({
      model,
      messages: [{ role: 'user', content: 'get_weather in Rome' }],
      tools,
    });
    const call = await stream.finalFunctionToolCall();
    expect(call?.name).toBe('get_weather');
    expect(JSON.parse(call?.arguments ?? '')).toEqual({ city: 'get_weather in Rome' });
  });

  test('raises the error that comes midway', async () => {
    simulator.state.faults.add({ fault: { kind: 'error-event', afterChunks: 2 } });
    const stream = await connect().chat.completions.create({ model, messages, stream: true });
    const read = async (): Promise<void> => {
      for await (const chunk of stream) expect(chunk.object).toBe('chat.completion.chunk');
    };
    await expect(read()).rejects.toBeInstanceOf(APIError);
  });
});

describe('embeddings and models', () => {
  test('are answered; the client asks for base64 and gives numbers', async () => {
    const client = connect();
    const { data } = await client.embeddings.create({
      model: 'sim-embedding',
      input: ['hello', 'there'],
      dimensions: 8,
    });
    expect(data.map(({ embedding }) => embedding.length)).toEqual([8, 8]);
    expect(data[0]?.embedding.every((value) => Math.abs(value) <= 1)).toBe(true);
    const ids: string[] = [];
    for await (const { id } of client.models.list()) ids.push(id);
    expect(ids).toContain('sim-transcription');
    expect((await client.models.retrieve(model)).id).toBe(model);
  });
});

describe('a transcription', () => {
  const speech = () => toFile(Buffer.from('Hello there. How are you today?'), 'speech.mp3');

  test('is answered in every format', async () => {
    const { transcriptions } = connect().audio;
    const file = await speech();
    const plain = await transcriptions.create({ file, model: 'sim-transcription' });
    expect(plain.text).toBe('Hello there. How are you today?');
    expect(plain.usage).toEqual({ type: 'duration', seconds: 3 });
    const verbose = await transcriptions.create({
      file,
      model: 'sim-transcription',
      language: 'en',
      response_format: 'verbose_json',
      timestamp_granularities: ['word', 'segment'],
    });
    expect(verbose.words).toHaveLength(6);
    expect(verbose.segments?.map(({ text }) => text)).toEqual([
      ' Hello there.',
      ' How are you today?',
    ]);
    const subtitles = await transcriptions.create({
      file,
      model: 'sim-transcription',
      response_format: 'vtt',
    });
    expect(subtitles).toMatch(/^WEBVTT\n/u);
  });

  test('is streamed by a model that is billed by tokens', async () => {
    const stream = await connect().audio.transcriptions.create({
      file: await speech(),
      model: 'sim-transcription-tokens',
      stream: true,
    });
    const types: string[] = [];
    for await (const { type } of stream) types.push(type);
    expect(types[0]).toBe('transcript.text.delta');
    expect(types.at(-1)).toBe('transcript.text.done');
  });
});

describe('a rerank call', () => {
  test('goes through the client although it has no method for it', async () => {
    const body = { model: 'sim-rerank', query: 'dogs', documents: ['cats', 'dogs'] };
    const { results } = await connect().post<{ results: unknown[] }>('/rerank', { body });
    expect(results).toEqual([
      { index: 1, relevance_score: 1 },
      { index: 0, relevance_score: 0 },
    ]);
  });
});

describe('errors', () => {
  const ask = (client: OpenAI, more: object = {}) =>
    client.chat.completions.create({ model, messages, ...more });

  test('have the classes of the client', async () => {
    const wrongKey = connect({ apiKey: 'invalid-key' });
    await expect(ask(wrongKey)).rejects.toBeInstanceOf(AuthenticationError);
    await expect(ask(connect(), { model: 'none' })).rejects.toBeInstanceOf(NotFoundError);
    const failure = await ask(connect(), { temperature: 9 }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(BadRequestError);
    expect(failure).toMatchObject({ param: 'temperature', code: 'decimal_above_max_value' });
    simulator.state.faults.add({ fault: { kind: 'status', status: 500 } });
    await expect(ask(connect())).rejects.toBeInstanceOf(InternalServerError);
    simulator.state.faults.add({ fault: { kind: 'reset' } });
    await expect(ask(connect())).rejects.toBeInstanceOf(APIConnectionError);
  });

  test('of a limit are waited for by the client', async () => {
    simulator.state.limits.set({ requests: [{ limit: 1, windowMs: 100 }], countLimited: false });
    await ask(connect());
    const limited = await ask(connect()).catch((error: unknown) => error);
    expect(limited).toBeInstanceOf(RateLimitError);
    expect(limited).toMatchObject({ type: 'requests', code: 'rate_limit_exceeded' });
    const { choices } = await ask(connect({ maxRetries: 2 }));
    expect(choices[0]?.finish_reason).toBe('stop');
  });
});

describe('a response', () => {
  test('is answered, whole and in pieces', async () => {
    const { responses } = connect();
    const asked = { model, input: 'hello there', instructions: 'Be brief.' };
    const whole = await responses.create(asked);
    expect(whole).toMatchObject({
      status: 'completed',
      output_text: 'You said: hello there',
      usage: { input_tokens: 5, output_tokens: 6 },
    });
    const stream = responses.stream(asked);
    const types = new Set<string>();
    for await (const event of stream) types.add(event.type);
    expect([...types]).toEqual(
      expect.arrayContaining([
        'response.created',
        'response.output_text.delta',
        'response.completed',
      ]),
    );
    expect((await stream.finalResponse()).output_text).toBe('You said: hello there');
  });

  test('thinks, calls functions and takes their results with its thoughts', async () => {
    const { responses } = connect();
    const [{ function: definition }] = tools as [OpenAI.ChatCompletionFunctionTool];
    const asked = {
      model,
      tools: [
        {
          type: 'function' as const,
          strict: false,
          name: definition.name,
          parameters: definition.parameters ?? {},
        },
      ],
      reasoning: { effort: 'low' as const },
      include: ['reasoning.encrypted_content' as const],
      store: false,
    };
    const question = { role: 'user' as const, content: 'get_weather in Rome' };
    const first = await responses.create({ ...asked, input: [question] });
    const [thought, call] = first.output;
    if (thought?.type !== 'reasoning' || call?.type !== 'function_call') throw new Error('no call');
    const result = {
      type: 'function_call_output' as const,
      call_id: call.call_id,
      output: 'sunny',
    };
    const second = await responses.create({ ...asked, input: [question, thought, call, result] });
    expect(second.output_text).toBe('The tool answered: sunny');
  });

  test('is refused with what is wrong with it', async () => {
    // A parameter of chats that responses have not.
    const wrong = { model, input: 'x', n: 2 } as { model: string; input: string };
    await expect(connect().responses.create(wrong)).rejects.toMatchObject({
      status: 400,
      code: 'unknown_parameter',
    });
  });
});
