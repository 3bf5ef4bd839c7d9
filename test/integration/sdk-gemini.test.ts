import { ApiError, FunctionCallingConfigMode, GoogleGenAI, Type } from '@google/genai';
import type { GenerateContentResponse } from '@google/genai';
import { createSimulator } from '@sluice/simulator';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

/** The vendor's own client, unmodified, against the simulator: what it accepts is the protocol. */
const simulator = createSimulator();
const model = 'sim-chat';

function connect(options: { apiKey?: string; apiVersion?: string } = {}): GoogleGenAI {
  const { apiKey = 'key-1', apiVersion } = options;
  const baseUrl = `${simulator.url}/gemini`;
  return new GoogleGenAI({ apiKey, httpOptions: { baseUrl, ...(apiVersion && { apiVersion }) } });
}

async function collect(
  stream: AsyncIterable<GenerateContentResponse>,
): Promise<GenerateContentResponse[]> {
  const chunks: GenerateContentResponse[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
}

beforeAll(() => simulator.listen());
afterEach(() => simulator.reset());
afterAll(() => simulator.close());

const getWeather = {
  name: 'get_weather',
  parameters: { type: Type.OBJECT, properties: { city: { type: Type.STRING } } },
};

describe('a chat', () => {
  test.for([undefined, 'v1beta'])('is answered, API version %s', async (apiVersion) => {
    const client = connect(apiVersion === undefined ? {} : { apiVersion });
    const response = await client.models.generateContent({ model, contents: 'hello there' });
    expect(response.text).toBe('You said: hello there');
    expect(response.candidates?.[0]?.finishReason).toBe('STOP');
    expect(response.usageMetadata).toMatchObject({
      promptTokenCount: 3,
      candidatesTokenCount: 6,
      totalTokenCount: 9,
    });
  });

  test('takes every option of the client', async () => {
    const response = await connect().models.generateContent({
      model,
      contents: [{ role: 'user', parts: [{ text: 'hello there' }] }],
      config: {
        systemInstruction: 'Be nice.',
        temperature: 0.5,
        topP: 0.9,
        topK: 3,
        maxOutputTokens: 300,
        stopSequences: ['END'],
        seed: 1,
        presencePenalty: 0.1,
        frequencyPenalty: 0.1,
        candidateCount: 1,
        responseMimeType: 'application/json',
        responseSchema: { type: Type.OBJECT, properties: { n: { type: Type.INTEGER } } },
        thinkingConfig: { includeThoughts: true, thinkingBudget: -1 },
      },
    });
    expect(JSON.parse(response.text ?? '')).toEqual({ n: 1 });
    expect(response.usageMetadata?.thoughtsTokenCount).toBe(7);
  });

  test('holds a conversation', async () => {
    const chat = connect().chats.create({ model });
    await chat.sendMessage({ message: 'one' });
    const { text } = await chat.sendMessage({ message: 'two' });
    expect(text).toBe('You said: two');
    expect(chat.getHistory()).toHaveLength(4);
  });
});

describe('a stream', () => {
  test('comes in chunks and ends with the reason', async () => {
    const stream = await connect().models.generateContentStream({ model, contents: 'hello there' });
    const chunks = await collect(stream);
    expect(chunks.map(({ text }) => text ?? '').join('')).toBe('You said: hello there');
    expect(chunks.at(-1)?.candidates?.[0]?.finishReason).toBe('STOP');
    expect(chunks.at(-1)?.usageMetadata?.totalTokenCount).toBe(9);
  });

  test('is read although every byte comes alone', async () => {
    simulator.state.faults.add({ fault: { kind: 'split' } });
    const stream = await connect().models.generateContentStream({ model, contents: 'héllo 🌍' });
    const chunks = await collect(stream);
    expect(chunks.map(({ text }) => text ?? '').join('')).toBe('You said: héllo 🌍');
  });

  test('raises the error that comes midway', async () => {
    simulator.state.faults.add({ fault: { kind: 'error-event', afterChunks: 2 } });
    const stream = await connect().models.generateContentStream({ model, contents: 'hello' });
    await expect(collect(stream)).rejects.toMatchObject({ name: 'ApiError', status: 503 });
  });
});

describe('functions', () => {
  test('are called, and their results answered, signatures included', async () => {
    const chat = connect().chats.create({
      model,
      config: {
        tools: [{ functionDeclarations: [getWeather] }],
        toolConfig: { functionCallingConfig: { mode: FunctionCallingConfigMode.AUTO } },
        thinkingConfig: { thinkingBudget: 100 },
      },
    });
    const first = await chat.sendMessage({ message: 'get_weather in Rome' });
    expect(first.functionCalls).toEqual([
      { name: 'get_weather', args: { city: 'get_weather in Rome' } },
    ]);
    const functionResponse = { name: 'get_weather', response: { output: 'sunny' } };
    const second = await chat.sendMessage({ message: [{ functionResponse }] });
    expect(second.text).toBe('The tool answered: {"output":"sunny"}');
  });
});

describe('embeddings, tokens and models', () => {
  test('are answered', async () => {
    const { models } = connect();
    const { embeddings } = await models.embedContent({
      model: 'sim-embedding',
      contents: ['hello', 'there'],
      config: { outputDimensionality: 8 },
    });
    expect(embeddings?.map(({ values }) => values?.length)).toEqual([8, 8]);
    expect((await models.countTokens({ model, contents: 'hello there' })).totalTokens).toBe(3);
    expect((await models.get({ model })).inputTokenLimit).toBe(131_072);
    const names: (string | undefined)[] = [];
    for await (const { name } of await models.list({ config: { pageSize: 2 } })) names.push(name);
    expect(names).toEqual(['models/sim-chat', 'models/sim-chat-large', 'models/sim-embedding']);
  });
});

describe('errors', () => {
  async function fail(client: GoogleGenAI, name = model): Promise<ApiError> {
    const failure = await client.models
      .generateContent({ model: name, contents: 'hello' })
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ApiError);
    return failure as ApiError;
  }

  test('carry the status and the body', async () => {
    expect(await fail(connect({ apiKey: 'invalid-key' }))).toMatchObject({
      status: 400,
      message: expect.stringContaining('API_KEY_INVALID'),
    });
    expect(await fail(connect(), 'none')).toMatchObject({ status: 404 });
    simulator.state.limits.set({ requests: [{ limit: 1, windowMs: 60_000 }], countLimited: false });
    await connect().models.generateContent({ model, contents: 'x' });
    const limited = await fail(connect());
    expect(limited.status).toBe(429);
    const { error } = JSON.parse(limited.message);
    expect(error.details.at(-1).retryDelay).toMatch(/^\d+(\.\d+)?s$/u);
  });

  test('are retried by the client when it is told to', async () => {
    simulator.state.faults.add({ fault: { kind: 'status', status: 503 }, times: 2 });
    const client = new GoogleGenAI({
      apiKey: 'key-1',
      httpOptions: {
        baseUrl: `${simulator.url}/gemini`,
        retryOptions: { attempts: 3, initialDelay: 0.01, maxDelay: 0.02 },
      },
    });
    const { text } = await client.models.generateContent({ model, contents: 'hello' });
    expect(text).toBe('You said: hello');
  });

  test('a blocked prompt is an answer without candidates', async () => {
    const contents = '[[content_filter]]';
    const response = await connect().models.generateContent({ model, contents });
    expect(response.promptFeedback?.blockReason).toBe('SAFETY');
    expect(response.text).toBeUndefined();
  });
});
