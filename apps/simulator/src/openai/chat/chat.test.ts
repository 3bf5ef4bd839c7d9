import { waitFor } from '@sluice/testing';
import { describe, expect, test } from 'vitest';
import { chatBody, parseEvents, startSimulator } from '../../test-client.ts';

const CHAT = '/openai/v1/chat/completions';
const USAGE_DETAILS = {
  prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
  completion_tokens_details: {
    reasoning_tokens: 0,
    audio_tokens: 0,
    accepted_prediction_tokens: 0,
    rejected_prediction_tokens: 0,
  },
};
const WEATHER = {
  type: 'function',
  function: {
    name: 'get_weather',
    parameters: { type: 'object', properties: { city: { type: 'string' } } },
  },
};

describe('a blocking chat', () => {
  test('is answered in the vendor form, with its headers', async () => {
    const client = await startSimulator();
    const response = await client.post(CHAT, chatBody('hello there'));
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(response.headers.get('x-request-id')).toMatch(/^req_\w+$/u);
    expect(response.headers.get('openai-processing-ms')).toMatch(/^\d+$/u);
    expect(response.headers.get('x-ratelimit-limit-requests')).toBeNull();
    expect(await response.json()).toEqual({
      id: expect.stringMatching(/^chatcmpl-/u),
      object: 'chat.completion',
      created: expect.closeTo(Date.now() / 1000, -2),
      model: 'sim-chat',
      choices: [
        {
          index: 0,
          message: {
            role: 'assistant',
            content: 'You said: hello there',
            refusal: null,
            annotations: [],
          },
          logprobs: null,
          finish_reason: 'stop',
        },
      ],
      usage: { prompt_tokens: 3, completion_tokens: 6, total_tokens: 9, ...USAGE_DETAILS },
      service_tier: 'default',
      system_fingerprint: 'fp_simulator',
    });
  });

  test('gives the same answer to the same request', async () => {
    const client = await startSimulator();
    const answers = new Set<string>();
    for (let call = 0; call < 3; call += 1) {
      const response = await client.post(CHAT, chatBody('héllo 🌍'));
      answers.add((await response.json()).choices[0].message.content);
    }
    expect([...answers]).toEqual(['You said: héllo 🌍']);
  });

  test.for([
    ['max_tokens', { max_tokens: 3 }, 'You said: he', 'length'],
    ['max_completion_tokens', { max_completion_tokens: 3 }, 'You said: he', 'length'],
    ['a limit it just meets', { max_tokens: 6 }, 'You said: hello there', 'stop'],
    ['stop', { stop: [' there'] }, 'You said: hello', 'stop'],
  ] as const)('honours %s', async ([, more, text, reason]) => {
    const client = await startSimulator();
    const response = await client.post(CHAT, chatBody('hello there', more));
    const { choices, usage } = await response.json();
    expect(choices[0].message.content).toBe(text);
    expect(choices[0].finish_reason).toBe(reason);
    expect(usage.completion_tokens).toBe(Math.ceil(text.length / 4));
  });

  test('gives n choices and bills them all', async () => {
    const client = await startSimulator();
    const response = await client.post(CHAT, chatBody('hello there', { n: 3 }));
    const { choices, usage } = await response.json();
    expect(choices.map((choice: { index: number }) => choice.index)).toEqual([0, 1, 2]);
    expect(usage.completion_tokens).toBe(18);
  });

  test('joins the text of parts and counts media flat', async () => {
    const client = await startSimulator();
    const content = [
      { type: 'text', text: 'what is' },
      { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } },
      { type: 'text', text: 'this' },
    ];
    const messages = [{ role: 'user', content }];
    const response = await client.post(CHAT, { model: 'sim-chat', messages });
    const { choices, usage } = await response.json();
    expect(choices[0].message.content).toBe('You said: what is\nthis');
    expect(usage.prompt_tokens).toBe(3 + 85);
  });

  test('says what the script tells it to', async () => {
    const client = await startSimulator();
    client.simulator.state.behaviour.set({ reply: 'yes' });
    const response = await client.post(CHAT, chatBody('ready?'));
    expect((await response.json()).choices[0].message.content).toBe('yes');
  });

  test('answers with JSON when JSON is asked for', async () => {
    const client = await startSimulator();
    const ask = async (format: object) => {
      const body = chatBody('as json please', { response_format: format });
      return JSON.parse((await (await client.post(CHAT, body)).json()).choices[0].message.content);
    };
    expect(await ask({ type: 'json_object' })).toEqual({ reply: 'You said: as json please' });
    const properties = { text: { type: 'string' }, score: { type: 'number' } };
    const schema = { type: 'object', properties };
    expect(await ask({ type: 'json_schema', json_schema: { name: 'a', schema } })).toEqual({
      text: 'You said: as json please',
      score: 1,
    });
  });

  test('takes as long as scripted', async () => {
    const client = await startSimulator();
    client.simulator.state.behaviour.set({ latencyMs: { min: 50, max: 60 } });
    await client.post(CHAT, chatBody('hello'));
    expect(client.entries()[0]?.durationMs).toBeGreaterThanOrEqual(49);
  });
});

describe('tools', () => {
  test.for([
    ['named in the message', 'please use get_weather', 'auto'],
    ['required', 'hello', 'required'],
    ['chosen by name', 'hello', { type: 'function', function: { name: 'get_weather' } }],
  ] as const)('are called when %s', async ([, content, toolChoice]) => {
    const client = await startSimulator();
    const body = chatBody(content, { tools: [WEATHER], tool_choice: toolChoice });
    const [choice] = (await (await client.post(CHAT, body)).json()).choices;
    expect(choice.finish_reason).toBe('tool_calls');
    expect(choice.message.content).toBeNull();
    expect(choice.message.tool_calls).toEqual([
      {
        id: 'call_1_get_weather',
        type: 'function',
        function: { name: 'get_weather', arguments: JSON.stringify({ city: content }) },
      },
    ]);
  });

  test('are left alone when nobody asks for them', async () => {
    const client = await startSimulator();
    const ask = async (content: string, choice: string) => {
      const body = chatBody(content, { tools: [WEATHER], tool_choice: choice });
      return (await (await client.post(CHAT, body)).json()).choices[0].finish_reason;
    };
    expect(await ask('hello', 'auto')).toBe('stop');
    expect(await ask('use get_weather', 'none')).toBe('stop');
  });

  test('have their result repeated', async () => {
    const client = await startSimulator();
    const messages = [
      { role: 'user', content: 'use get_weather' },
      { role: 'assistant', content: null, tool_calls: [] },
      { role: 'tool', tool_call_id: 'call_1', content: 'sunny' },
    ];
    const response = await client.post(CHAT, { model: 'sim-chat', messages, tools: [WEATHER] });
    expect((await response.json()).choices[0].message.content).toBe('The tool answered: sunny');
  });

  test('stream the name once and the arguments in pieces', async () => {
    const client = await startSimulator();
    const body = chatBody('use get_weather', { tools: [WEATHER], stream: true });
    const events = parseEvents(await (await client.post(CHAT, body)).text());
    const calls = events.flatMap((event) => event.choices?.[0].delta.tool_calls ?? []);
    expect(calls[0]).toEqual({
      index: 0,
      id: 'call_1_get_weather',
      type: 'function',
      function: { name: 'get_weather', arguments: '' },
    });
    const parts = calls.slice(1).map((call) => call.function.arguments);
    expect(parts.length).toBeGreaterThan(1);
    expect(JSON.parse(parts.join(''))).toEqual({ city: 'use get_weather' });
    expect(calls.slice(1).every((call) => call.id === undefined)).toBe(true);
    expect(events.at(-2).choices[0].finish_reason).toBe('tool_calls');
  });
});

describe('a streamed chat', () => {
  test('is a role chunk, deltas, a finish chunk, the usage and [DONE]', async () => {
    const client = await startSimulator();
    const more = { stream: true, stream_options: { include_usage: true } };
    const response = await client.post(CHAT, chatBody('hello there', more));
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    const events = parseEvents(await response.text());
    expect(events.pop()).toBe('[DONE]');
    expect(events.every((event) => event.object === 'chat.completion.chunk')).toBe(true);
    expect(new Set(events.map((event) => event.id)).size).toBe(1);
    expect(events[0].choices).toEqual([
      {
        index: 0,
        delta: { role: 'assistant', content: '', refusal: null },
        logprobs: null,
        finish_reason: null,
      },
    ]);
    const deltas = events.slice(1, -2).map((event) => event.choices[0].delta.content);
    expect(deltas).toEqual(['You', ' said:', ' hello', ' there']);
    expect(events.at(-2).choices[0]).toMatchObject({ delta: {}, finish_reason: 'stop' });
    expect(events.slice(0, -1).every((event) => event.usage === null)).toBe(true);
    expect(events.at(-1)).toMatchObject({
      choices: [],
      usage: { prompt_tokens: 3, completion_tokens: 6, total_tokens: 9, ...USAGE_DETAILS },
    });
    expect(client.entries()[0]).toMatchObject({ outcome: 'bought', outputTokens: 6 });
  });

  test('tells no usage unless asked', async () => {
    const client = await startSimulator();
    const response = await client.post(CHAT, chatBody('hello', { stream: true }));
    const events = parseEvents(await response.text());
    expect(events.some((event) => typeof event === 'object' && 'usage' in event)).toBe(false);
  });

  test('comes in as many chunks as scripted', async () => {
    const client = await startSimulator();
    client.simulator.state.behaviour.set({ chunks: 7 });
    const response = await client.post(CHAT, chatBody('hello there', { stream: true }));
    const events = parseEvents(await response.text()).slice(1, -2);
    expect(events).toHaveLength(7);
    expect(events.map((event) => event.choices[0].delta.content).join('')).toBe(
      'You said: hello there',
    );
  });

  test('that its client leaves midway is booked as aborted with what was said', async () => {
    const client = await startSimulator();
    client.simulator.state.behaviour.set({ chunkDelayMs: 20, chunks: 100 });
    const body = chatBody('x'.repeat(400), { stream: true });
    const response = await client.post(CHAT, body);
    const reader = response.body!.getReader();
    for (let chunk = 0; chunk < 5; chunk += 1) await reader.read();
    await reader.cancel();
    await waitFor(() => client.entries()[0]?.outcome === 'aborted');
    const [entry] = client.entries();
    expect(entry?.outputTokens).toBeGreaterThan(0);
    expect(entry?.outputTokens).toBeLessThan(100);
    expect(entry?.inputTokens).toBe(100);
  });
});

describe('a wrong request', () => {
  test.for([
    ['no key', '', 401, null],
    ['a wrong key', 'invalid-key', 401, 'invalid_api_key'],
  ] as const)('with %s is refused', async ([, key, status, code]) => {
    const client = await startSimulator();
    const headers = key === '' ? { authorization: '' } : { authorization: `Bearer ${key}` };
    const response = await client.post(CHAT, chatBody('hello'), { headers });
    expect(response.status).toBe(status);
    const { error } = await response.json();
    expect(error).toMatchObject({ type: 'invalid_request_error', param: null, code });
    expect(client.entries()[0]).toMatchObject({ outcome: 'rejected', status });
  });

  const messages = [{ role: 'user', content: 'hello' }];
  test.for([
    ['no model', { messages }, 400, null, null],
    ['an unknown model', { model: 'gpt-9', messages }, 404, null, 'model_not_found'],
    ['a model that embeds', { model: 'sim-embedding', messages }, 404, 'model', null],
    ['no messages', { model: 'sim-chat' }, 400, 'messages', 'missing_required_parameter'],
    ['empty messages', { model: 'sim-chat', messages: [] }, 400, 'messages', 'empty_array'],
    [
      'an unknown role',
      { model: 'sim-chat', messages: [{ role: 'boss', content: 'x' }] },
      400,
      'messages[0].role',
      'invalid_value',
    ],
    [
      'a tool result of no call',
      { model: 'sim-chat', messages: [{ role: 'tool', content: 'x' }] },
      400,
      'messages[0].tool_call_id',
      'missing_required_parameter',
    ],
    [
      'a limit of zero',
      { model: 'sim-chat', messages, max_tokens: 0 },
      400,
      'max_tokens',
      'decimal_below_min_value',
    ],
    [
      'two limits',
      { model: 'sim-chat', messages, max_tokens: 1, max_completion_tokens: 1 },
      400,
      'max_tokens',
      'invalid_parameter_combination',
    ],
    [
      'too much heat',
      { model: 'sim-chat', messages, temperature: 3 },
      400,
      'temperature',
      'decimal_above_max_value',
    ],
    [
      'a parameter nobody knows',
      { model: 'sim-chat', messages, jobId: 1 },
      400,
      'jobId',
      'unknown_parameter',
    ],
    [
      'JSON not mentioned',
      { model: 'sim-chat', messages, response_format: { type: 'json_object' } },
      400,
      'messages',
      null,
    ],
    [
      'more text than the model reads',
      { model: 'sim-chat', messages: [{ role: 'user', content: 'x'.repeat(600_000) }] },
      400,
      'messages',
      'context_length_exceeded',
    ],
  ] as const)('with %s is refused in the vendor form', async ([, body, status, param, code]) => {
    const client = await startSimulator();
    const response = await client.post(CHAT, body);
    expect(response.status).toBe(status);
    expect(await response.json()).toEqual({
      error: { message: expect.any(String), type: 'invalid_request_error', param, code },
    });
    expect(client.entries()[0]).toMatchObject({ outcome: 'rejected', inputTokens: 0 });
  });

  test('that is not JSON is refused', async () => {
    const client = await startSimulator();
    const response = await fetch(`${client.simulator.url}${CHAT}`, {
      method: 'POST',
      headers: { authorization: 'Bearer key-1' },
      body: '{"model":',
    });
    expect(response.status).toBe(400);
    expect(await response.text()).toContain('could not parse the JSON body');
  });

  test('to an unknown route is refused', async () => {
    const client = await startSimulator();
    const response = await client.post('/openai/v1/chat/nothing', {});
    expect(response.status).toBe(404);
    expect((await response.json()).error.code).toBe('unknown_url');
  });
});
