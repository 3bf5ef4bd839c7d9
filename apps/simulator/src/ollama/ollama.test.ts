import { describe, expect, test } from 'vitest';
import type { FaultScript } from '../faults/fault-schema.ts';
import type { LimitsScript } from '../limits/limits-schema.ts';
import { parseEvents, startSimulator } from '../test-client.ts';
import type { TestClient, VendorJson } from '../test-client.ts';

const CHAT = '/ollama/api/chat';
const GENERATE = '/ollama/api/generate';
const WEATHER = {
  type: 'function',
  function: {
    name: 'get_weather',
    parameters: { type: 'object', properties: { city: { type: 'string' } } },
  },
};

function say(content: string, more: object = {}): object {
  return { model: 'sim-chat', messages: [{ role: 'user', content }], stream: false, ...more };
}

async function ask(body: object, path = CHAT): Promise<VendorJson> {
  const client = await startSimulator();
  return (await client.post(path, body)).json();
}

function parseLines(text: string): VendorJson[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

async function stream(body: object, path = CHAT): Promise<VendorJson[]> {
  const client = await startSimulator();
  return parseLines(await (await client.post(path, { ...body, stream: true })).text());
}

describe('a whole answer', () => {
  test('has the vendor form', async () => {
    const client = await startSimulator();
    const response = await client.post(CHAT, say('hello there'), { key: '' });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    const answer = await response.json();
    expect(answer).toEqual({
      model: 'sim-chat',
      created_at: expect.stringMatching(/^20\d\d-.*Z$/u),
      message: { role: 'assistant', content: 'You said: hello there' },
      done: true,
      done_reason: 'stop',
      total_duration: expect.any(Number),
      load_duration: 1_000_000,
      prompt_eval_count: 3,
      prompt_eval_duration: expect.any(Number),
      eval_count: 6,
      eval_duration: expect.any(Number),
    });
    expect(Number.isInteger(answer.total_duration + answer.eval_duration)).toBe(true);
    expect(client.entries()[0]).toMatchObject({
      dialect: 'ollama',
      kind: 'chat',
      key: null,
      model: 'sim-chat',
      outcome: 'bought',
      reservedTokens: 3,
      inputTokens: 3,
      outputTokens: 6,
    });
  });

  test.for([
    ['num_predict', { options: { num_predict: 3 } }, 'You said: he', 'length'],
    ['no limit of −1', { options: { num_predict: -1 } }, 'You said: hello there', 'stop'],
    ['stop', { options: { stop: [' there'] } }, 'You said: hello', 'stop'],
    ['a tag of the model', { model: 'sim-chat:latest' }, 'You said: hello there', 'stop'],
    ['names it does not know', { tool_choice: 'x', options: { a: 1 } }, undefined, 'stop'],
  ] as const)('honours %s', async ([, more, text = 'You said: hello there', reason]) => {
    const { message, done_reason: doneReason } = await ask(say('hello there', more));
    expect(message.content).toBe(text);
    expect(doneReason).toBe(reason);
  });

  test('cuts the prompt to the context without a word', async () => {
    const long = 'x'.repeat(40_000);
    expect((await ask(say(long))).prompt_eval_count).toBe(4096);
    const options = { num_ctx: 8192 };
    expect((await ask(say(long, { options }))).prompt_eval_count).toBe(8192);
    expect((await ask(say(long, { options: { num_ctx: 99_999 } }))).prompt_eval_count).toBe(10_000);
  });

  test('is JSON when a format is given', async () => {
    const json = await ask(say('go', { format: 'json' }));
    expect(JSON.parse(json.message.content)).toEqual({ reply: 'You said: go' });
    const format = { type: 'object', properties: { n: { type: 'integer' } } };
    expect(JSON.parse((await ask(say('go', { format }))).message.content)).toEqual({ n: 1 });
  });

  test('thinks apart when told to', async () => {
    const { message, eval_count: tokens } = await ask(say('hello', { think: 'low' }));
    expect(message).toMatchObject({
      content: 'You said: hello',
      thinking: 'Thinking about: hello',
    });
    expect(tokens).toBe(6 + 4);
    const cut = await ask(say('hello', { think: true, options: { num_predict: 2 } }));
    expect(cut).toMatchObject({
      message: { content: '', thinking: 'Thinking' },
      done_reason: 'length',
      eval_count: 2,
    });
  });

  test('counts images flat', async () => {
    const messages = [{ role: 'user', content: 'four', images: ['AAAA'] }];
    expect((await ask(say('', { messages }))).prompt_eval_count).toBe(1 + 85);
  });

  test('of a call without messages loads or unloads the model', async () => {
    const loaded = await ask({ model: 'sim-chat', stream: false });
    expect(loaded).toEqual({
      model: 'sim-chat',
      created_at: expect.any(String),
      message: { role: 'assistant', content: '' },
      done: true,
      done_reason: 'load',
    });
    const unloaded = await ask({ model: 'sim-chat', messages: [], keep_alive: 0, stream: false });
    expect(unloaded.done_reason).toBe('unload');
    expect(await stream({ model: 'sim-chat' })).toHaveLength(1);
  });
});

describe('tools', () => {
  const args = { city: 'get_weather in Rome' };
  const call = { function: { name: 'get_weather', arguments: args } };

  test('are called with arguments as an object', async () => {
    const body = say('get_weather in Rome', { tools: [WEATHER] });
    const { message, done_reason: doneReason } = await ask(body);
    expect(message).toEqual({
      role: 'assistant',
      content: '',
      tool_calls: [{ id: 'call_1_get_weather', function: { index: 0, ...call.function } }],
    });
    expect(doneReason).toBe('stop');
  });

  test('get their result back', async () => {
    const messages = [
      { role: 'user', content: 'get_weather in Rome' },
      { role: 'assistant', content: '', tool_calls: [call] },
      { role: 'tool', content: 'sunny', tool_name: 'get_weather' },
    ];
    const { message } = await ask(say('', { messages, tools: [WEATHER] }));
    expect(message.content).toBe('The tool answered: sunny');
  });

  test('are not called when none are given', async () => {
    expect((await ask(say('get_weather', { tools: [] }))).message.tool_calls).toBeUndefined();
  });
});

describe('a stream', () => {
  test('is the default, a JSON object a line, the counts in the last', async () => {
    const client = await startSimulator();
    const response = await client.post(CHAT, say('hello there', { stream: undefined }));
    expect(response.headers.get('content-type')).toBe('application/x-ndjson');
    const lines = parseLines(await response.text());
    const texts = lines.map(({ message, done }) => [message.content, done]);
    expect(texts).toEqual([
      ['You', false],
      [' said:', false],
      [' hello', false],
      [' there', false],
      ['', true],
    ]);
    expect(lines[4]).toMatchObject({ done_reason: 'stop', prompt_eval_count: 3, eval_count: 6 });
    expect(lines[0]).not.toHaveProperty('eval_count');
  });

  test('sends thinking first and a tool call whole', async () => {
    const lines = await stream(say('get_weather', { tools: [WEATHER], think: true }));
    expect(lines.map(({ message }) => message.thinking ?? message.tool_calls?.length)).toEqual([
      'Thinking',
      ' about:',
      ' get_weather',
      1,
      undefined,
    ]);
  });

  test('that its client leaves is billed in part', async () => {
    const client = await startSimulator();
    client.simulator.state.behaviour.set({ chunkDelayMs: 10_000 });
    const leave = new AbortController();
    const { signal } = leave;
    const response = await client.post(CHAT, say('hello there', { stream: true }), { signal });
    await response.body?.getReader().read();
    leave.abort();
    await expect.poll(() => client.entries()[0]?.outcome).toBe('aborted');
    expect(client.entries()[0]?.outputTokens).toBe(1);
  });
});

describe('generate', () => {
  test('answers a prompt, its words in response', async () => {
    const body = { model: 'sim-chat', prompt: 'hello there', system: 'nice', stream: false };
    expect(await ask(body, GENERATE)).toMatchObject({
      response: 'You said: hello there',
      done: true,
      done_reason: 'stop',
      context: expect.any(Array),
      prompt_eval_count: 4,
      eval_count: 6,
    });
    const lines = await stream(body, GENERATE);
    expect(lines.map(({ response }) => response).join('')).toBe('You said: hello there');
  });

  test('only loads the model without a prompt', async () => {
    const answer = await ask({ model: 'sim-chat', stream: false }, GENERATE);
    expect(answer).toMatchObject({ response: '', done: true, done_reason: 'load' });
  });
});

describe('a wrong request', () => {
  test.for([
    ['no body', 'nonsense', 400, 'missing request body'],
    ['no model', {}, 400, 'model is required'],
    ['a number as model', { model: 1 }, 400, 'ChatRequest.model of type string'],
    ['an unknown model', say('x', { model: 'none:7b' }), 404, "model 'none:7b' not found"],
    ['an embedding model', say('x', { model: 'sim-embedding' }), 400, 'does not support chat'],
    ['a role of its own', say('', { messages: [{ role: 'x' }] }), 400, 'invalid role: x'],
    [
      'parts as content',
      say('', { messages: [{ role: 'user', content: [{ type: 'text', text: 'x' }] }] }),
      400,
      'cannot unmarshal array into Go struct field ChatRequest.messages.content of type string',
    ],
    [
      'arguments as text',
      say('', {
        messages: [
          { role: 'assistant', tool_calls: [{ function: { name: 'a', arguments: '{}' } }] },
        ],
      }),
      400,
      'of type api.ToolCallFunctionArguments',
    ],
    ['an unknown format', say('x', { format: 'xml' }), 400, 'invalid format: "xml"'],
    ['a text for stop', say('x', { options: { stop: 'a' } }), 400, 'must be of type array'],
    ['a text for num_ctx', say('x', { options: { num_ctx: '1' } }), 400, 'of type integer'],
    ['a tool without name', say('x', { tools: [{}] }), 400, 'invalid tools'],
    ['a text for stream', say('x', { stream: 'no' }), 400, 'ChatRequest.stream of type bool'],
  ] as const)('with %s is an error text', async ([, body, status, message]) => {
    const client = await startSimulator();
    const response = await client.post(CHAT, body);
    expect(response.status).toBe(status);
    expect(await response.json()).toEqual({ error: expect.stringContaining(message) });
    expect(client.entries()[0]?.outcome).toBe('rejected');
  });

  test('with the key that is always wrong is 401, on a wrong path a plain 404', async () => {
    const client = await startSimulator();
    const wrong = await client.post(CHAT, say('x'), { key: 'invalid-key' });
    expect(wrong.status).toBe(401);
    const lost = await client.get('/ollama/api/none');
    expect(lost.status).toBe(404);
    expect(await lost.text()).toBe('404 page not found');
  });
});

describe('limits and faults', () => {
  test.for<LimitsScript>([
    { requests: [{ limit: 1, windowMs: 60_000 }] },
    { tokens: [{ limit: 3, windowMs: 60_000 }] },
  ])('%j is 429 without a wait', async (limits) => {
    const client = await startSimulator();
    client.simulator.state.limits.set(limits);
    await client.post(CHAT, say('hello there'));
    const limited = await client.post(CHAT, say('hello there'));
    expect(limited.status).toBe(429);
    expect(limited.headers.get('retry-after')).toBeNull();
    expect(await limited.json()).toEqual({ error: 'too many requests' });
  });

  test('a full queue is 503', async () => {
    const client = await startSimulator();
    client.simulator.state.limits.set({ concurrency: 1 });
    client.simulator.state.behaviour.set({ latencyMs: 200 });
    const first = client.post(CHAT, say('x'));
    await expect.poll(() => client.entries().length).toBe(1);
    const busy = await client.post(CHAT, say('x'));
    expect(busy.status).toBe(503);
    expect((await busy.json()).error).toMatch(/^server busy/u);
    expect((await first).status).toBe(200);
    expect(client.entries()[1]?.outcome).toBe('limited');
  });

  async function streamWith(fault: FaultScript['fault']): Promise<string> {
    const client = await startSimulator();
    client.simulator.state.faults.add({ fault });
    const response = await client.post(CHAT, say('hello there', { stream: true }));
    expect(response.headers.get('content-type')).toBe('application/x-ndjson');
    const text = await response.text();
    await expect.poll(() => client.entries()[0]?.outcome).not.toBe('open');
    return text;
  }

  test('a stream can be cut before it is done', async () => {
    const lines = parseLines(await streamWith({ kind: 'truncate', afterChunks: 2 }));
    expect(lines.map(({ done }) => done)).toEqual([false, false]);
  });

  test('a stream can end in an error line', async () => {
    const lines = parseLines(await streamWith({ kind: 'error-event', afterChunks: 1 }));
    expect(lines[1]).toEqual({ error: expect.stringContaining('unexpected EOF') });
    expect(lines).toHaveLength(2);
  });

  test('a stream can be split anywhere, or have a broken line', async () => {
    expect(parseLines(await streamWith({ kind: 'split' }))).toHaveLength(5);
    const broken = await streamWith({ kind: 'malformed-json', atChunk: 1 });
    expect(() => parseLines(broken)).toThrow(SyntaxError);
  });

  test('a stream can be blank lines only', async () => {
    const text = await streamWith({ kind: 'keep-alive', intervalMs: 5, durationMs: 20 });
    expect(text).toMatch(/^\n+$/u);
  });

  test.for([500, 502, 503, 429])('status %d is an error text', async (status) => {
    const client = await startSimulator();
    client.simulator.state.faults.add({ fault: { kind: 'status', status } });
    const response = await client.post(CHAT, say('x'));
    expect(response.status).toBe(status);
    expect(await response.json()).toEqual({ error: expect.any(String) });
  });
});

describe('embeddings', () => {
  const embed = (client: TestClient, more: object) =>
    client.post('/ollama/api/embed', { model: 'sim-embedding', ...more });

  test('come for one text and for many', async () => {
    const client = await startSimulator();
    const one = await (await embed(client, { input: 'hello there', dimensions: 4 })).json();
    expect(one).toEqual({
      model: 'sim-embedding',
      embeddings: [[0, 0, 0, 0].map(() => expect.any(Number))],
      total_duration: expect.any(Number),
      load_duration: 1_000_000,
      prompt_eval_count: 3,
    });
    const two = await (await embed(client, { input: ['hello there', 'b'], dimensions: 4 })).json();
    expect(two.embeddings).toEqual([one.embeddings[0], expect.any(Array)]);
    expect(client.entries()[0]).toMatchObject({ kind: 'embedding', inputTokens: 3 });
  });

  test('of a text above the context are cut, or refused without truncate', async () => {
    const client = await startSimulator();
    const input = 'x'.repeat(40_000);
    expect((await (await embed(client, { input })).json()).prompt_eval_count).toBe(8192);
    const refused = await embed(client, { input, truncate: false });
    expect(await refused.json()).toEqual({ error: 'input exceeds maximum context length' });
  });

  test('of no text are none', async () => {
    const client = await startSimulator();
    expect((await (await embed(client, {})).json()).embeddings).toEqual([]);
    expect((await embed(client, { input: [1] })).status).toBe(400);
    expect((await embed(client, { input: 'x', model: 'sim-chat' })).status).toBe(400);
  });
});

describe('what costs nothing', () => {
  test('tells the version, the models and their abilities', async () => {
    const client = await startSimulator();
    const version = await (await client.get('/ollama/api/version')).json();
    expect(version).toEqual({ version: expect.stringMatching(/^\d+\.\d+\.\d+$/u) });
    const { models } = await (await client.get('/ollama/api/tags')).json();
    expect(models.map(({ name }: { name: string }) => name)).toEqual([
      'sim-chat:latest',
      'sim-chat-large:latest',
      'sim-embedding:latest',
    ]);
    const show = async (name: object) => (await client.post('/ollama/api/show', name)).json();
    const shown = await show({ model: 'sim-chat' });
    expect(shown.capabilities).toEqual(['completion', 'tools', 'thinking', 'vision']);
    expect(shown.model_info['sim.context_length']).toBe(131_072);
    expect(await show({ model: 'none' })).toEqual({ error: "model 'none' not found" });
  });
});

describe('the OpenAI-compatible surface', () => {
  const V1 = '/ollama/v1/chat/completions';

  test('answers in the form of OpenAI, without a key, and ignores what Ollama ignores', async () => {
    const client = await startSimulator();
    const body = say('hello there', { model: 'sim-chat:latest', n: 3, tool_choice: 'x', foo: 1 });
    const { object, choices } = await (await client.post(V1, body, { key: '' })).json();
    expect(object).toBe('chat.completion');
    expect(choices).toHaveLength(1);
    expect(choices[0].message.content).toBe('You said: hello there');
    expect(client.entries()[0]).toMatchObject({ dialect: 'ollama', kind: 'chat', key: null });
  });

  test('streams and fails in the form of OpenAI', async () => {
    const client = await startSimulator();
    client.simulator.state.faults.add({ fault: { kind: 'error-event', afterChunks: 1 } });
    const response = await client.post(V1, say('hello there', { stream: true }));
    const events = parseEvents(await response.text());
    expect(events[1].error.message).toContain('unexpected EOF');
    expect((await client.post(V1, say('x', { model: 'none' }))).status).toBe(404);
    client.simulator.state.limits.set({ requests: [{ limit: 1, windowMs: 60_000 }] });
    await client.post(V1, say('x'));
    const limited = await client.post(V1, say('x'));
    expect(limited.status).toBe(429);
    expect((await limited.json()).error.message).toMatch(/rate limit/iu);
  });

  test('has embeddings and models', async () => {
    const client = await startSimulator();
    const body = { model: 'sim-embedding', input: 'x', user: 'me' };
    const { data } = await (await client.post('/ollama/v1/embeddings', body)).json();
    expect(data[0].embedding).toHaveLength(256);
    expect((await client.get('/ollama/v1/models')).status).toBe(200);
  });
});
