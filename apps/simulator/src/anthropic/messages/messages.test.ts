import { describe, expect, test } from 'vitest';
import { startSimulator } from '../../test-client.ts';
import type { TestClient, VendorJson } from '../../test-client.ts';
import { messageBody, OLDER, postMessage } from '../test-messages.ts';

const WEATHER = {
  name: 'get_weather',
  input_schema: { type: 'object', properties: { city: { type: 'string' } } },
};
const CLOCK = { name: 'get_time', input_schema: { type: 'object' } };

async function ask(client: TestClient, content: unknown, more: object = {}): Promise<VendorJson> {
  const response = await postMessage(client, messageBody(content, more));
  return response.json();
}

describe('a message', () => {
  test('is answered in the vendor form, with its headers', async () => {
    const client = await startSimulator();
    const response = await postMessage(client, messageBody('hello there'));
    expect(response.status).toBe(200);
    expect(response.headers.get('request-id')).toMatch(/^req_\w+$/u);
    expect(response.headers.get('anthropic-ratelimit-requests-limit')).toBeNull();
    expect(await response.json()).toEqual({
      id: expect.stringMatching(/^msg_/u),
      type: 'message',
      role: 'assistant',
      model: 'sim-chat',
      content: [{ type: 'text', text: 'You said: hello there' }],
      stop_reason: 'end_turn',
      stop_sequence: null,
      stop_details: null,
      container: null,
      diagnostics: null,
      usage: {
        input_tokens: 3,
        cache_creation_input_tokens: 0,
        cache_read_input_tokens: 0,
        cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 },
        output_tokens: 6,
        output_tokens_details: { thinking_tokens: 0 },
        server_tool_use: null,
        service_tier: 'standard',
        speed: 'standard',
        inference_geo: 'global',
      },
    });
    expect(client.entries()[0]).toMatchObject({
      dialect: 'anthropic',
      kind: 'chat',
      outcome: 'bought',
      reservedTokens: 3,
      inputTokens: 3,
      outputTokens: 6,
    });
  });

  test.for([
    ['max_tokens', { max_tokens: 3 }, 'You said: he', 'max_tokens', null],
    [
      'a stop sequence',
      { stop_sequences: [' x', ' there'] },
      'You said: hello',
      'stop_sequence',
      ' there',
    ],
    ['a limit it just meets', { max_tokens: 6 }, 'You said: hello there', 'end_turn', null],
  ] as const)('ends at %s', async ([, more, text, reason, sequence]) => {
    const client = await startSimulator();
    expect(await ask(client, 'hello there', more)).toMatchObject({
      content: [{ type: 'text', text }],
      stop_reason: reason,
      stop_sequence: sequence,
    });
  });

  test('of no tokens only warms the cache', async () => {
    const client = await startSimulator();
    expect(await ask(client, 'hello', { max_tokens: 0 })).toMatchObject({
      content: [],
      stop_reason: 'max_tokens',
      usage: { output_tokens: 0 },
    });
  });

  test.for(['refusal', 'pause_turn', 'model_context_window_exceeded'])(
    'ends with %s when the prompt says so',
    async (reason) => {
      const client = await startSimulator();
      const { stop_reason: given, stop_details: details } = await ask(
        client,
        `please [[stop_reason:${reason}]]`,
      );
      expect(given).toBe(reason);
      expect(details?.type).toBe(reason === 'refusal' ? 'refusal' : undefined);
    },
  );

  test('counts system prompt, tools, images and all turns', async () => {
    const client = await startSimulator();
    const source = { type: 'base64', media_type: 'image/png', data: 'AAAA' };
    const messages = [
      { role: 'user', content: 'x'.repeat(40) },
      { role: 'assistant', content: 'x'.repeat(40) },
      {
        role: 'user',
        content: [
          { type: 'image', source },
          { type: 'text', text: 'x'.repeat(40) },
        ],
      },
    ];
    const body = { ...messageBody(''), messages, system: [{ type: 'text', text: 'x'.repeat(40) }] };
    const { usage } = await (await postMessage(client, body)).json();
    expect(usage.input_tokens).toBe(40 + 85);
  });

  test('is JSON when a schema is given, and what the script says otherwise', async () => {
    const client = await startSimulator();
    const schema = { type: 'object', properties: { text: { type: 'string' } } };
    const more = { output_config: { format: { type: 'json_schema', schema } } };
    const { content } = await ask(client, 'hello', more);
    expect(JSON.parse(content[0].text)).toEqual({ text: 'You said: hello' });
    client.simulator.state.behaviour.set({ reply: 'yes' });
    expect((await ask(client, 'hello')).content).toEqual([{ type: 'text', text: 'yes' }]);
  });
});

describe('thinking', () => {
  test.for([
    ['adaptive', { type: 'adaptive' }, 'Thinking about: hello'],
    ['with a budget', { type: 'enabled', budget_tokens: 1024 }, 'Thinking about: hello'],
    ['omitted', { type: 'adaptive', display: 'omitted' }, ''],
  ] as const)('comes first and is billed: %s', async ([, thinking, text]) => {
    const client = await startSimulator();
    const { content, usage } = await ask(client, 'hello', { thinking, max_tokens: 2000 });
    expect(content).toEqual([
      { type: 'thinking', thinking: text, signature: expect.any(String) },
      { type: 'text', text: 'You said: hello' },
    ]);
    expect(usage).toMatchObject({
      output_tokens: 9,
      output_tokens_details: { thinking_tokens: 6 },
    });
  });

  test('is left out when disabled', async () => {
    const client = await startSimulator();
    const { content } = await ask(client, 'hello', { thinking: { type: 'disabled' } });
    expect(content).toHaveLength(1);
  });

  test('is taken back unchanged only', async () => {
    const client = await startSimulator();
    const { content } = await ask(client, 'hello', { thinking: { type: 'adaptive' } });
    const replay = async (thoughts: object) => {
      const messages = [
        { role: 'user', content: 'hello' },
        { role: 'assistant', content: [thoughts, content[1]] },
        { role: 'user', content: 'again' },
      ];
      return (await postMessage(client, { ...messageBody(''), messages })).status;
    };
    expect(await replay(content[0])).toBe(200);
    expect(await replay({ ...content[0], thinking: 'something else' })).toBe(400);
    expect(await replay({ ...content[0], signature: 'AAAA' })).toBe(400);
  });
});

describe('tools', () => {
  test.for([
    ['named in the message', 'use get_weather', { type: 'auto' }],
    ['demanded', 'hello', { type: 'any' }],
    ['chosen by name', 'hello', { type: 'tool', name: 'get_weather' }],
  ] as const)('are called when %s', async ([, content, choice]) => {
    const client = await startSimulator();
    const answer = await ask(client, content, { tools: [WEATHER, CLOCK], tool_choice: choice });
    expect(answer.stop_reason).toBe('tool_use');
    expect(answer.content).toEqual([
      {
        type: 'tool_use',
        id: 'toolu_1_1_get_weather',
        name: 'get_weather',
        input: { city: content },
        caller: { type: 'direct' },
      },
    ]);
  });

  test('are called together unless that is forbidden', async () => {
    const client = await startSimulator();
    const tools = [WEATHER, CLOCK];
    const count = async (choice: object) =>
      (await ask(client, 'get_weather, get_time', { tools, tool_choice: choice })).content.length;
    expect(await count({ type: 'auto' })).toBe(2);
    expect(await count({ type: 'auto', disable_parallel_tool_use: true })).toBe(1);
    const none = await ask(client, 'get_weather', { tools, tool_choice: { type: 'none' } });
    expect(none.stop_reason).toBe('end_turn');
  });

  test('have their result repeated', async () => {
    const client = await startSimulator();
    const { content } = await ask(client, 'get_weather', { tools: [WEATHER] });
    const result = { type: 'tool_result', tool_use_id: content[0].id, content: 'sunny' };
    const messages = [
      { role: 'user', content: 'get_weather' },
      { role: 'assistant', content },
      { role: 'user', content: [result] },
    ];
    const answer = await postMessage(client, { ...messageBody(''), messages, tools: [WEATHER] });
    expect((await answer.json()).content).toEqual([
      { type: 'text', text: 'The tool answered: sunny' },
    ]);
  });
});

test('tokens are counted for nothing', async () => {
  const client = await startSimulator();
  const { max_tokens: _, ...body } = messageBody('x'.repeat(40)) as { max_tokens: number };
  const response = await postMessage(client, body, { path: '/v1/messages/count_tokens' });
  expect(await response.json()).toEqual({ input_tokens: 10 });
  expect(client.entries()[0]).toMatchObject({
    kind: 'count-tokens',
    outcome: 'served',
    paid: false,
  });
});

describe('a wrong request', () => {
  const user = { role: 'user', content: 'hello' };
  const call = { type: 'tool_use', id: 'toolu_1', name: 'get_weather', input: {} };
  const result = { type: 'tool_result', tool_use_id: 'toolu_2', content: 'sunny' };
  const marked = { type: 'text', text: 'x', cache_control: { type: 'ephemeral' } };
  const hourly = { ...marked, cache_control: { type: 'ephemeral', ttl: '1h' } };
  const thinking = { type: 'enabled', budget_tokens: 1024 };
  test.for([
    ['no model', { model: undefined }, 'model: Field required'],
    ['no max_tokens', { max_tokens: undefined }, 'max_tokens: Field required'],
    ['too many max_tokens', { max_tokens: 100_000 }, 'maximum allowed number of output tokens'],
    ['no messages', { messages: [] }, 'at least one message is required'],
    ['a parameter nobody knows', { n: 2 }, 'n: Extra inputs are not permitted'],
    [
      'a system message first',
      { messages: [{ role: 'system', content: 'x' }] },
      'top-level `system`',
    ],
    [
      'an answer first',
      { messages: [{ role: 'assistant', content: 'x' }] },
      'must use the "user" role',
    ],
    ['an empty message', { messages: [{ role: 'user', content: '' }] }, 'non-empty content'],
    ['an unknown role', { messages: [{ role: 'boss', content: 'x' }] }, 'messages.0.role'],
    [
      'an unknown block',
      { messages: [{ role: 'user', content: [{ type: 'x' }] }] },
      'Input tag "x"',
    ],
    [
      'an image of nothing',
      { messages: [{ role: 'user', content: [{ type: 'image' }] }] },
      'messages.0.content.0.image.source: Field required',
    ],
    [
      'a call without result',
      { messages: [user, { role: 'assistant', content: [call] }, user] },
      'ids were found without `tool_result` blocks',
    ],
    [
      'a result without call',
      { messages: [{ role: 'user', content: [result] }] },
      'unexpected `tool_use_id`',
    ],
    ['a tool without schema', { tools: [{ name: 'a' }] }, 'tools.0.custom.input_schema'],
    ['two tools of one name', { tools: [WEATHER, WEATHER] }, 'names must be unique'],
    [
      'a tool choice nobody offers',
      { tools: [WEATHER], tool_choice: { type: 'tool', name: 'b' } },
      "Tool 'b' not found",
    ],
    [
      'thoughts and a forced tool',
      { tools: [WEATHER], tool_choice: { type: 'any' }, thinking: { type: 'adaptive' } },
      'Thinking may not be enabled',
    ],
    ['thoughts beyond max_tokens', { thinking }, 'must be greater than `thinking.budget_tokens`'],
    [
      'too few thoughts',
      { thinking: { ...thinking, budget_tokens: 10 } },
      'greater than or equal to 1024',
    ],
    [
      'five cache marks',
      { system: [marked, marked, marked, marked, marked] },
      'maximum of 4 blocks',
    ],
    ['a longer cache after a shorter', { system: [marked, hourly] }, "ttl='1h'"],
    [
      'more text than the model reads',
      { messages: [{ role: 'user', content: 'x'.repeat(600_000) }] },
      'prompt is too long: 150000 tokens > 131072 maximum',
    ],
    ['a temperature in the newest version', { temperature: 1 }, 'temperature: Extra inputs'],
    [
      'citations in the newest version',
      { messages: [{ role: 'user', content: [{ type: 'text', text: 'x', citations: [{}] }] }] },
      'citations are not permitted',
    ],
    [
      'a document said by the model',
      { messages: [user, { role: 'assistant', content: [{ type: 'document', source: {} }] }] },
      '`document` blocks are not permitted',
    ],
  ] as const)('with %s is refused in the vendor form', async ([, more, message]) => {
    const client = await startSimulator();
    const response = await postMessage(client, messageBody('hello', more));
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({
      type: 'error',
      error: { type: 'invalid_request_error', message: expect.stringContaining(message) },
      request_id: response.headers.get('request-id'),
    });
    expect(client.entries()[0]).toMatchObject({ outcome: 'rejected', inputTokens: 0 });
  });

  test('may be right in the older version', async () => {
    const client = await startSimulator();
    const body = messageBody('hello', { temperature: 0.5, top_k: 5 });
    expect((await postMessage(client, body, { headers: OLDER })).status).toBe(200);
    const hot = messageBody('hello', { temperature: 1.5 });
    expect((await postMessage(client, hot, { headers: OLDER })).status).toBe(400);
  });

  test('for an unknown model is not found', async () => {
    const client = await startSimulator();
    for (const model of ['claude-9', 'sim-embedding']) {
      const response = await postMessage(client, messageBody('hello', { model }));
      expect(response.status).toBe(404);
      expect((await response.json()).error).toEqual({
        type: 'not_found_error',
        message: `model: ${model}`,
      });
    }
  });
});
