import { createSimulator } from '@sluice/simulator';
import { Ollama } from 'ollama';
import type { ChatResponse } from 'ollama';
import OpenAI from 'openai';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

/** The vendor's own client, unmodified, against the simulator: what it accepts is the protocol. */
const simulator = createSimulator();
const model = 'sim-chat';

const connect = () => new Ollama({ host: `${simulator.url}/ollama` });
const say = (content: string) => [{ role: 'user', content }];

beforeAll(() => simulator.listen());
afterEach(() => simulator.reset());
afterAll(() => simulator.close());

const getWeather = {
  type: 'function',
  function: {
    name: 'get_weather',
    description: 'Tells the weather.',
    parameters: { type: 'object', properties: { city: { type: 'string' } } },
  },
};

describe('a chat', () => {
  test('is answered, with counts', async () => {
    const answer = await connect().chat({ model, messages: say('hello there') });
    expect(answer.message).toEqual({ role: 'assistant', content: 'You said: hello there' });
    expect(answer).toMatchObject({
      done: true,
      done_reason: 'stop',
      prompt_eval_count: 3,
      eval_count: 6,
    });
  });

  test('takes images, a format, options and thinking', async () => {
    const answer = await connect().chat({
      model,
      messages: [{ role: 'user', content: 'look', images: [new Uint8Array([1, 2, 3])] }],
      format: { type: 'object', properties: { n: { type: 'number' } } },
      options: { num_ctx: 100, temperature: 0, stop: ['END'] },
      keep_alive: '5m',
      think: true,
    });
    expect(JSON.parse(answer.message.content)).toEqual({ n: 1 });
    expect(answer.message.thinking).toBe('Thinking about: look');
    expect(answer.prompt_eval_count).toBe(86);
  });

  test('calls tools and takes their results', async () => {
    const client = connect();
    const messages = say('get_weather in Rome');
    const { message } = await client.chat({ model, messages, tools: [getWeather] });
    const [call] = message.tool_calls ?? [];
    expect(call?.function).toMatchObject({
      name: 'get_weather',
      arguments: { city: 'get_weather in Rome' },
    });
    const result = { role: 'tool', content: 'sunny', tool_name: 'get_weather' };
    const more = { model, messages: [...messages, message, result], tools: [getWeather] };
    expect((await client.chat(more)).message.content).toBe('The tool answered: sunny');
  });
});

describe('a stream', () => {
  async function collect(content: string): Promise<ChatResponse[]> {
    const parts: ChatResponse[] = [];
    const stream = await connect().chat({ model, messages: say(content), stream: true });
    for await (const part of stream) parts.push(part);
    return parts;
  }

  test('comes in lines, also when every byte comes alone', async () => {
    simulator.state.faults.add({ fault: { kind: 'split' } });
    const parts = await collect('héllo 🌍');
    expect(parts.map(({ message }) => message.content).join('')).toBe('You said: héllo 🌍');
    expect(parts.at(-1)).toMatchObject({ done: true, done_reason: 'stop' });
  });

  test('raises an error line and a missing end', async () => {
    simulator.state.faults.add({
      fault: { kind: 'error-event', data: { error: 'out of memory' } },
    });
    await expect(collect('hello')).rejects.toThrow('out of memory');
    simulator.state.faults.add({ fault: { kind: 'truncate', afterChunks: 2 } });
    await expect(collect('hello')).rejects.toThrow('Did not receive done');
  });

  test('can be left', async () => {
    simulator.state.behaviour.set({ chunkDelayMs: 10_000 });
    const stream = await connect().chat({ model, messages: say('hello there'), stream: true });
    for await (const part of stream) {
      expect(part.message.content).toBe('You');
      break;
    }
    stream.abort();
    const [entry] = simulator.state.ledger.entries();
    await expect.poll(() => entry?.outcome).toBe('aborted');
  });
});

describe('the other routes', () => {
  test('generate, embed, list, show and version are answered', async () => {
    const client = connect();
    const { response } = await client.generate({ model, prompt: 'hello there' });
    expect(response).toBe('You said: hello there');
    const input = ['hello', 'there'];
    const { embeddings } = await client.embed({ model: 'sim-embedding', input, dimensions: 8 });
    expect(embeddings.map((each) => each.length)).toEqual([8, 8]);
    expect((await client.list()).models.map(({ name }) => name)).toContain('sim-chat:latest');
    expect((await client.show({ model })).capabilities).toContain('tools');
    expect((await client.version()).version).toMatch(/^\d/u);
  });

  test('the client of OpenAI is answered under /v1', async () => {
    const client = new OpenAI({ apiKey: 'ollama', baseURL: `${simulator.url}/ollama/v1` });
    const messages = [{ role: 'user' as const, content: 'hello' }];
    const { choices } = await client.chat.completions.create({ model, messages });
    expect(choices[0]?.message.content).toBe('You said: hello');
  });
});

describe('errors', () => {
  test.for([
    ['an unknown model', 'none', undefined, 404, "model 'none' not found"],
    ['a full queue', model, 503, 503, 'server busy'],
    ['a broken model', model, 500, 500, 'llama runner'],
  ] as const)('%s carries the status and the text', async ([, name, fault, status, message]) => {
    if (fault !== undefined) {
      simulator.state.faults.add({ fault: { kind: 'status', status: fault } });
    }
    const failed = connect().chat({ model: name, messages: say('hello') });
    await expect(failed).rejects.toMatchObject({
      name: 'ResponseError',
      status_code: status,
      message: expect.stringContaining(message),
    });
  });
});
