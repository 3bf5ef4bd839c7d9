import type { JobView } from '@sluice/contracts';
import { waitFor } from '@sluice/testing';
import { expect, test } from 'vitest';

import { useStack } from '../support/start-stack.ts';

/** Where the simulator speaks as each kind of provider; one model of each is called as its provider is. */
const folders = {
  'openai-compatible': { kind: 'openai-compatible', folder: '/openai/v1' },
  openai: { kind: 'openai', folder: '/openai/v1' },
  'azure-deployments': { kind: 'azure-openai', folder: '/azure' },
  'azure-v1': { kind: 'azure-openai', folder: '/azure/openai/v1' },
  anthropic: { kind: 'anthropic', folder: '/anthropic' },
  gemini: { kind: 'gemini', folder: '/gemini' },
  ollama: { kind: 'ollama', folder: '/ollama' },
} as const;
const names = Object.keys(folders);

const shared = useStack({
  config: ({ simulatorUrl }) => {
    const providers = Object.entries(folders).map(([name, { kind, folder }]) => {
      return [name, { kind, baseUrl: `${simulatorUrl}${folder}`, apiKey: 'sim-key' }];
    });
    const price = { inputPerMillion: 2, outputPerMillion: 8 };
    const cached = {
      targets: [{ provider: 'anthropic', model: 'sim-chat' }],
      price: { ...price, cachedInputPerMillion: 0.2, cacheWriteInputPerMillion: 2.5 },
    };
    const models = names.flatMap((name) => {
      const targets = [{ provider: name, model: 'sim-chat' }];
      return [
        [name, { targets, price }],
        [`${name}-lenient`, { targets, price, dropParams: true }],
      ];
    });
    const responses = ['openai', 'azure-deployments', 'azure-v1'].map((provider) => {
      const options = { api: 'responses' };
      const targets = [{ provider, model: 'sim-chat', options }];
      return [`${provider}-responses`, { targets, price }];
    });
    const prefixed = ['openai', 'azure-v1', 'gemini', 'deepseek'].map((name) => {
      const isDeepSeek = name === 'deepseek';
      const provider = isDeepSeek ? 'openai-compatible' : name;
      const model = isDeepSeek ? 'sim-chat-deepseek' : 'sim-chat';
      return [
        `prefix-${name}`,
        { targets: [{ provider, model }], price: { ...price, cachedInputPerMillion: 0.2 } },
      ];
    });
    const wide = { provider: 'openai', model: 'sim-chat', contextWindow: 500 };
    const short = { targets: [{ ...wide, contextWindow: 50 }] };
    const longer = { targets: [...short.targets, wide] };
    const missing = { targets: [{ provider: 'ollama', model: 'nowhere:7b' }] };
    return {
      providers: Object.fromEntries(providers),
      models: {
        ...Object.fromEntries(models),
        ...Object.fromEntries(prefixed),
        ...Object.fromEntries(responses),
        missing,
        short,
        longer,
        cached,
      },
      retry: { maxAttempts: 2, initialDelaySeconds: 0.05, maxDelaySeconds: 0.2 },
    };
  },
});

async function run(model: string, input: object): Promise<JobView> {
  const { id } = await shared().submit({ type: 'chat', model, input });
  return await shared().ended(id);
}

test.each(names)('a chat job of %s completes, metered and by one call', async (name) => {
  const job = await run(name, {
    messages: [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Grüße aus 東京 🗼' },
    ],
    max_tokens: 200,
  });
  expect(job).toMatchObject({
    state: 'completed',
    result: {
      type: 'chat',
      message: { role: 'assistant', content: expect.stringContaining('東京 🗼') },
      finish_reason: { unified: 'stop' },
    },
    usage: {
      input_tokens: expect.any(Number),
      output_tokens: expect.any(Number),
      source: 'provider',
    },
    cost_usd: expect.stringMatching(/^0\.\d{6}$/),
    attempts: [{ provider: name, model: 'sim-chat', outcome: 'succeeded' }],
  });
  const [call, ...others] = await shared().simulator.calls('chat');
  expect(others).toEqual([]);
  expect(call).toMatchObject({
    outcome: 'bought',
    inputTokens: job.usage?.input_tokens,
    outputTokens: job.usage?.output_tokens,
  });
});

test.each(names)('%s: what the upstream said is kept where the job asks for it', async (name) => {
  const input = { messages: [{ role: 'user', content: 'Grüße aus 東京 🗼' }] };
  const { id } = await shared().submit({ type: 'chat', model: name, input, include_raw: true });
  const asked = await shared().ended(id);
  expect(asked.result).toMatchObject({
    message: { content: expect.stringContaining('東京 🗼') },
    raw: { body: expect.stringContaining('東京') },
  });
  expect((await run(name, input)).result).not.toHaveProperty('raw');
});

const tool = {
  type: 'function',
  function: {
    name: 'look_up',
    parameters: {
      type: 'object',
      properties: { place: { type: 'string' } },
      required: ['place'],
    },
  },
};

test.each(names)('%s calls a tool and goes on with its result', async (name) => {
  const question = { role: 'user', content: 'Call look_up for Tokyo' };
  // Ollama has no tool choice.
  const choice = name === 'ollama' ? {} : { tool_choice: 'required' };
  const first = await run(name, { messages: [question], tools: [tool], ...choice });
  expect(first).toMatchObject({
    state: 'completed',
    result: {
      message: { tool_calls: [{ type: 'function', function: { name: 'look_up' } }] },
      finish_reason: { unified: 'tool_calls' },
    },
  });
  if (first.result?.type !== 'chat') throw new Error('the job has no chat result');
  const { tool_calls: calls = [] } = first.result.message;
  expect(JSON.parse(calls[0]?.function.arguments ?? '')).toHaveProperty('place');

  const answers = calls.map(({ id }) => ({ role: 'tool', tool_call_id: id, content: 'sunny' }));
  const second = await run(name, {
    messages: [question, { role: 'assistant', tool_calls: calls }, ...answers],
    tools: [tool],
  });
  expect(second).toMatchObject({ state: 'completed' });
});

test.each([
  ['anthropic', { seed: 7 }, 'seed'],
  ['gemini', { logit_bias: { '7': 1 } }, 'logit_bias'],
  ['ollama', { tool_choice: 'required', tools: [tool] }, 'tool_choice'],
])('%s refuses %j, which it cannot take, or drops it', async (name, refused, parameter) => {
  const input = { messages: [{ role: 'user', content: 'hi' }], ...refused };
  expect(await run(name, input)).toMatchObject({
    state: 'failed',
    error: {
      code: 'upstream_invalid_request',
      param: `input.${parameter}`,
      message: expect.stringContaining(`${name} (${name}) cannot take input.${parameter}`),
    },
    attempts: [{ outcome: 'failed' }],
  });
  expect(await shared().simulator.calls('chat')).toEqual([]);
  expect(await run(`${name}-lenient`, input)).toMatchObject({ state: 'completed' });
});

test.each(['anthropic', 'gemini', 'ollama'])(
  '%s thinks when it is asked to and writes JSON by a schema',
  async (name) => {
    const schema = {
      type: 'object',
      properties: { answer: { type: 'string' } },
      required: ['answer'],
      additionalProperties: false,
    };
    const job = await run(name, {
      messages: [{ role: 'user', content: 'What is it?' }],
      reasoning_effort: 'high',
      response_format: { type: 'json_schema', json_schema: { name: 'answer', schema } },
    });
    expect(job).toMatchObject({
      state: 'completed',
      result: { message: { reasoning: expect.any(String) } },
    });
    // Ollama does not count its thoughts apart.
    if (name !== 'ollama') expect(job.usage?.reasoning_tokens).toBeGreaterThan(0);
    if (job.result?.type !== 'chat') throw new Error('the job has no chat result');
    expect(JSON.parse(job.result.message.content ?? '')).toHaveProperty('answer');
  },
);

test('a Gemini that thinks gets the signature of its call back with the result', async () => {
  const question = { role: 'user', content: 'Call look_up for Tokyo' };
  const asked = { tools: [tool], reasoning_effort: 'low' };
  const first = await run('gemini', { ...asked, messages: [question] });
  if (first.result?.type !== 'chat') throw new Error('the job has no chat result');
  const { tool_calls: calls = [] } = first.result.message;
  expect(calls).toMatchObject([
    { extra_content: { google: { thought_signature: expect.any(String) } } },
  ]);
  const answer = { role: 'tool', tool_call_id: calls[0]?.id, content: 'sunny' };
  const again = (tool_calls: object[]) =>
    run('gemini', { ...asked, messages: [question, { role: 'assistant', tool_calls }, answer] });
  expect(await again(calls)).toMatchObject({ state: 'completed' });
  const unsigned = calls.map(({ id, type, function: called }) => ({ id, type, function: called }));
  expect(await again(unsigned)).toMatchObject({
    state: 'failed',
    error: { message: expect.stringContaining('thought_signature') },
  });
});

test('what Anthropic reads from its prompt cache and writes to it is metered at its own price', async () => {
  const ask = (ttl?: '1h') =>
    run('cached', {
      messages: [
        {
          role: 'system',
          content: `Of ${ttl ?? 'five minutes'}: ${'word '.repeat(200)}`,
          cache_control: { type: 'ephemeral', ...(ttl && { ttl }) },
        },
        { role: 'user', content: 'hi' },
      ],
    });
  const costOf = ({ usage }: JobView) => {
    const { input_tokens: input = 0, output_tokens: output = 0 } = usage ?? {};
    const { cached_input_tokens: read = 0, cache_write_input_tokens: written = 0 } = usage ?? {};
    const dollars = (input - read - written) * 2 + read * 0.2 + written * 2.5 + output * 8;
    return dollars / 1e6;
  };
  const first = await ask();
  expect(first.usage?.cache_write_input_tokens).toBeGreaterThan(200);
  expect(Number(first.cost_usd)).toBeCloseTo(costOf(first), 5);
  const second = await ask();
  expect(second.usage).toMatchObject({
    cached_input_tokens: first.usage?.cache_write_input_tokens,
    cache_write_input_tokens: 0,
  });
  expect(Number(second.cost_usd)).toBeCloseTo(costOf(second), 5);
  const hourly = await ask('1h');
  expect(hourly.usage?.cache_write_1h_input_tokens).toBeGreaterThan(200);
  expect(hourly.cost_usd).toBe('unknown');
});

test.each(['openai', 'azure-deployments', 'azure-v1'])(
  'a model of %s that only the Responses API has thinks, calls a tool and goes on',
  async (name) => {
    const model = `${name}-responses`;
    const question = { role: 'user', content: 'get_weather in Rome' };
    const tools = [{ type: 'function', function: { name: 'get_weather' } }];
    const asked = { tools, reasoning_effort: 'low' };
    const first = await run(model, { ...asked, messages: [question] });
    expect(first).toMatchObject({
      state: 'completed',
      result: {
        message: { reasoning: 'Thinking about it.', tool_calls: [{ type: 'function' }] },
        finish_reason: { unified: 'tool_calls', raw: 'completed' },
      },
      cost_usd: expect.stringMatching(/^0\.\d{6}$/),
    });
    if (first.result?.type !== 'chat') throw new Error('it has no message');
    const { message } = first.result;
    const result = { role: 'tool', tool_call_id: message.tool_calls?.[0]?.id, content: 'sunny' };
    const second = await run(model, { ...asked, messages: [question, message, result] });
    expect(second).toMatchObject({
      state: 'completed',
      result: { message: { content: 'The tool answered: sunny' } },
    });
    const calls = await shared().simulator.calls('chat');
    expect(calls.map(({ path }) => path.split('?')[0]?.endsWith('/responses'))).toEqual([
      true,
      true,
    ]);
  },
);

test.each(['openai', 'azure-v1', 'gemini', 'deepseek'])(
  'what %s reads of a prompt that it has seen is cheaper, and said so on the job and in the usage',
  async (name) => {
    const model = `prefix-${name}`;
    const rules = `These are the rules of ${name}. `.repeat(200);
    const messages = [
      { role: 'system', content: rules },
      { role: 'user', content: 'Go on.' },
    ];
    const first = await run(model, { messages });
    expect(first.usage?.cached_input_tokens ?? 0).toBe(0);
    expect(first).not.toHaveProperty('prompt_cache_saved_usd');
    const second = await run(model, { messages });
    const { cached_input_tokens: cached = 0, input_tokens: input = 0 } = second.usage ?? {};
    expect(cached).toBeGreaterThan(1_024);
    expect(cached).toBeLessThanOrEqual(input);
    expect(second.prompt_cache_saved_usd).toBe(((cached * 1.8) / 1e6).toFixed(6));
    expect(Number(second.cost_usd)).toBeLessThan(Number(first.cost_usd));
    await waitFor(async () => {
      const usage = await shared().request('GET', `/v1/usage?group_by=model&model=${model}`);
      return JSON.stringify(usage.body).includes('"prompt_cache_saved_usd":"0.00');
    });
  },
);

test('an Anthropic that thinks gets its thoughts back with the result of its call', async () => {
  const question = { role: 'user', content: 'Call look_up for Tokyo' };
  const asked = { tools: [tool], reasoning_effort: 'low' };
  const first = await run('anthropic', { ...asked, messages: [question] });
  if (first.result?.type !== 'chat') throw new Error('the job has no chat result');
  const { message } = first.result;
  expect(message.reasoning_parts).toMatchObject([
    { type: 'thinking', signature: expect.any(String) },
  ]);
  const answer = { role: 'tool', tool_call_id: message.tool_calls?.[0]?.id, content: 'sunny' };
  const again = (assistant: object) =>
    run('anthropic', { ...asked, messages: [question, assistant, answer] });
  expect(await again(message)).toMatchObject({ state: 'completed' });
  const forged = [{ type: 'thinking', thinking: 'x', signature: 'eA==' }];
  expect(await again({ ...message, reasoning_parts: forged })).toMatchObject({
    state: 'failed',
    error: { message: expect.stringContaining('signature') },
  });
});

test('a prompt that Gemini blocks and a model that Ollama does not have fail at once, and say why', async () => {
  const blocked = { messages: [{ role: 'user', content: '[[content_filter]]' }] };
  expect(await run('gemini', blocked)).toMatchObject({
    state: 'failed',
    error: { code: 'content_filtered', message: 'gemini blocked the prompt (SAFETY)' },
    attempts: [{ outcome: 'failed' }],
  });
  const missing = { messages: [{ role: 'user', content: 'hi' }] };
  expect(await run('missing', missing)).toMatchObject({
    state: 'failed',
    error: {
      code: 'upstream_not_found',
      message: expect.stringContaining('(ollama pull nowhere:7b)'),
    },
    attempts: [{ outcome: 'failed' }],
  });
});

test('a prompt that cannot fit the context window is never sent, or goes to a model that is wide enough', async () => {
  const prompt = (words: number) => ({
    messages: [{ role: 'user', content: 'word '.repeat(words) }],
  });
  expect(await run('short', prompt(10))).toMatchObject({ state: 'completed' });
  await shared().simulator.reset();
  expect(await run('short', prompt(200))).toMatchObject({
    state: 'failed',
    error: {
      code: 'context_length_exceeded',
      param: 'input.messages',
      message: expect.stringMatching(/at least 1\d\d tokens, and sim-chat takes at most 50$/),
    },
    attempts: [],
  });
  expect(await shared().simulator.calls('chat')).toEqual([]);
  expect(await run('longer', prompt(200))).toMatchObject({
    state: 'completed',
    attempts: [{ number: 1, provider: 'openai' }],
  });
  const body = { type: 'chat', model: 'short', input: prompt(2_000) };
  expect(await shared().request('POST', '/v1/jobs', body)).toMatchObject({
    status: 400,
    body: { error: { code: 'context_length_exceeded', param: 'input.messages' } },
  });
});

test.each(names)('%s is called again when its rate limit allows it', async (name) => {
  await shared().simulator.limits({
    requests: [{ limit: 1, windowMs: 1_000 }],
    countLimited: false,
  });
  const input = { messages: [{ role: 'user', content: 'hi' }] };
  expect(await run(name, input)).toMatchObject({ state: 'completed' });
  expect(await run(name, input)).toMatchObject({ state: 'completed' });
  const calls = await shared().simulator.calls('chat');
  expect(calls.map(({ outcome }) => outcome)).toEqual(['bought', 'limited', 'bought']);
});
