import { waitFor } from '@sluice/testing';
import { describe, expect, test } from 'vitest';
import { chatBody, parseEvents, startSimulator } from '../test-client.ts';
import type { TestClient, VendorJson } from '../test-client.ts';

const VERSION = 'api-version=2024-10-21';
const CLASSIC = `/azure/openai/deployments/sim-chat-eu/chat/completions?${VERSION}`;
const V1 = '/azure/openai/v1/chat/completions';
/** About a minute: the machine that runs the test may be slow. */
const SECONDS = /^(5\d|60)$/u;
const SAFE = { filtered: false, severity: 'safe' };
const SAFE_TEXT = { hate: SAFE, self_harm: SAFE, sexual: SAFE, violence: SAFE };
const PROMPT_RESULTS = [
  {
    prompt_index: 0,
    content_filter_results: { ...SAFE_TEXT, jailbreak: { filtered: false, detected: false } },
  },
];

function ask(client: TestClient, content = 'hello', more: object = {}) {
  return client.post(CLASSIC, chatBody(content, more));
}

describe('a chat on a deployment', () => {
  test('names the model behind the deployment and tells what was filtered', async () => {
    const client = await startSimulator();
    const response = await client.post(CLASSIC, chatBody('hello', { model: 'ignored' }));
    expect(response.status).toBe(200);
    expect(response.headers.get('apim-request-id')).toMatch(/^req_/u);
    expect(response.headers.get('x-ms-region')).toBe('Simulator');
    const answer = await response.json();
    expect(answer).toMatchObject({
      object: 'chat.completion',
      model: 'sim-chat',
      prompt_filter_results: PROMPT_RESULTS,
      usage: { prompt_tokens: 2, completion_tokens: 4 },
    });
    expect(answer.choices[0]).toMatchObject({
      message: { content: 'You said: hello' },
      finish_reason: 'stop',
      content_filter_results: SAFE_TEXT,
    });
    expect(client.entries()[0]).toMatchObject({
      dialect: 'azure-openai',
      kind: 'chat',
      model: 'sim-chat-eu',
      outcome: 'bought',
    });
  });

  test('streams a chunk about the prompt without choices before all others', async () => {
    const client = await startSimulator();
    const response = await ask(client, 'hello', { stream: true });
    const events = parseEvents(await response.text());
    expect(events[0]).toEqual({
      choices: [],
      created: 0,
      id: '',
      model: '',
      object: '',
      prompt_filter_results: PROMPT_RESULTS,
    });
    expect(events.at(-1)).toBe('[DONE]');
    const results = events
      .slice(1, -1)
      .map((event: VendorJson) => event.choices[0].content_filter_results);
    expect(results[0]).toEqual({});
    expect(results[1]).toMatchObject(SAFE_TEXT);
    expect(results.at(-1)).toEqual({});
    const text = events.slice(1, -1).map((event) => event.choices[0].delta.content ?? '');
    expect(text.join('')).toBe('You said: hello');
  });

  test('with a marked prompt is blocked by the content filter', async () => {
    const client = await startSimulator();
    const response = await ask(client, 'tell me [[content_filter]]');
    expect(response.status).toBe(400);
    const { error } = await response.json();
    expect(error).toMatchObject({
      code: 'content_filter',
      type: null,
      param: 'prompt',
      status: 400,
      innererror: {
        code: 'ResponsibleAIPolicyViolation',
        content_filter_result: { violence: { filtered: true, severity: 'medium' }, hate: SAFE },
      },
    });
    expect(client.entries()[0]).toMatchObject({ outcome: 'rejected', inputTokens: 0 });
  });

  test('is checked as OpenAI checks it', async () => {
    const client = await startSimulator();
    const response = await ask(client, 'hello', { temperature: 3 });
    expect(response.status).toBe(400);
    expect((await response.json()).error).toMatchObject({
      type: 'invalid_request_error',
      param: 'temperature',
    });
  });
});

describe('paths', () => {
  test.for([
    ['a chat', '/azure/openai/deployments/sim-chat/chat/completions'],
    ['the models', '/azure/openai/models'],
  ] as const)('without an api-version are not found: %s', async ([, path]) => {
    const client = await startSimulator();
    const response = path.endsWith('models')
      ? await client.get(path)
      : await client.post(path, chatBody('hello'));
    expect(response.status).toBe(404);
    expect(await response.json()).toEqual({
      error: { code: '404', message: 'Resource not found' },
    });
  });

  test('of v1 take the deployment from the body and need no api-version', async () => {
    const client = await startSimulator();
    const response = await client.post(V1, chatBody('hello', { model: 'sim-chat-large-us' }));
    expect((await response.json()).model).toBe('sim-chat-large');
    expect(client.entries()[0]?.model).toBe('sim-chat-large-us');
    const unnamed = await client.post(V1, { messages: [] });
    expect(unnamed.status).toBe(400);
    expect((await unnamed.json()).error.message).toContain('model');
  });

  test('of an unknown deployment are told apart from unknown paths', async () => {
    const client = await startSimulator();
    const path = `/azure/openai/deployments/gpt-9/chat/completions?${VERSION}`;
    for (const response of [
      await client.post(path, chatBody('hello')),
      await client.post(V1, chatBody('hello', { model: 'gpt-9' })),
    ]) {
      expect(response.status).toBe(404);
      expect((await response.json()).error.code).toBe('DeploymentNotFound');
    }
    const nothing = await client.get(`/azure/openai/nothing?${VERSION}`);
    expect((await nothing.json()).error.code).toBe('404');
  });

  test('refuse an operation the model does not have', async () => {
    const client = await startSimulator();
    const path = `/azure/openai/deployments/sim-embedding/chat/completions?${VERSION}`;
    const response = await client.post(path, chatBody('hello'));
    expect(response.status).toBe(400);
    expect((await response.json()).error.code).toBe('OperationNotSupported');
  });

  test.for([
    ['classic', `/azure/openai/deployments/sim-embedding/embeddings?${VERSION}`],
    ['v1', '/azure/openai/v1/embeddings'],
  ] as const)('embed texts: %s', async ([, path]) => {
    const client = await startSimulator();
    const response = await client.post(path, { model: 'sim-embedding', input: 'a b' });
    const { data, model } = await response.json();
    expect(data[0].embedding).toHaveLength(256);
    expect(model).toBe('sim-embedding');
    expect(client.entries()[0]).toMatchObject({ kind: 'embedding', outcome: 'bought' });
  });

  test.for([`/azure/openai/models?${VERSION}`, '/azure/openai/v1/models'])(
    'list the models: %s',
    async (path) => {
      const client = await startSimulator();
      const { data } = await (await client.get(path)).json();
      expect(data.map(({ id }: { id: string }) => id)).toContain('sim-chat');
    },
  );
});

describe('keys', () => {
  test.for([
    ['api-key', { 'api-key': 'key-7', authorization: '' }],
    ['a bearer token', { authorization: 'Bearer key-7' }],
  ] as const)('come as %s', async ([, headers]) => {
    const client = await startSimulator();
    const response = await client.post(CLASSIC, chatBody('hello'), { headers });
    expect(response.status).toBe(200);
    expect(client.entries()[0]?.key).toBe('key-7');
  });

  test.for([
    ['missing', { authorization: '' }, 'Access token is missing'],
    ['wrong', { 'api-key': 'invalid-key' }, 'invalid subscription key'],
  ] as const)('that are %s are refused', async ([, headers, message]) => {
    const client = await startSimulator();
    const response = await client.post(CLASSIC, chatBody('hello'), { headers });
    expect(response.status).toBe(401);
    expect((await response.json()).error).toEqual({
      code: '401',
      message: expect.stringContaining(message),
    });
  });
});

describe('limits', () => {
  test('add max_tokens to the prompt, and tell whole seconds', async () => {
    const client = await startSimulator();
    client.simulator.state.limits.set({ tokens: [{ limit: 100, windowMs: 60_000 }] });
    const first = await ask(client, 'x'.repeat(40), { max_tokens: 60 });
    expect(first.headers.get('x-ratelimit-limit-tokens')).toBe('100');
    expect(first.headers.get('x-ratelimit-remaining-tokens')).toBe('30');
    expect(first.headers.get('x-ratelimit-reset-tokens')).toMatch(SECONDS);
    const second = await ask(client, 'x'.repeat(160));
    expect(second.status).toBe(429);
    expect(second.headers.get('retry-after')).toMatch(SECONDS);
    expect(second.headers.get('policy-id')).toBe('DeploymentRatelimit-Token');
    expect(await second.json()).toEqual({
      error: {
        code: '429',
        message: expect.stringMatching(
          /^Requests to the ChatCompletions_Create Operation under Azure OpenAI API version 2024-10-21 have exceeded token rate limit of your current OpenAI S0 pricing tier\. Please retry after (5\d|60) seconds\./u,
        ),
      },
    });
  });

  test('say a day to a call that is larger than the limit', async () => {
    const client = await startSimulator();
    client.simulator.state.limits.set({ tokens: [{ limit: 10, windowMs: 60_000 }] });
    const response = await ask(client, 'hello', { max_tokens: 100 });
    expect(response.headers.get('retry-after')).toBe('86400');
    expect((await response.json()).error.message).toContain('retry after 86400 seconds');
  });

  test('of requests hold for every slice of the minute, headers tell the minute', async () => {
    const client = await startSimulator();
    client.simulator.state.limits.set({
      requests: [{ limit: 12, windowMs: 60_000, sliceMs: 10_000 }],
    });
    const [first, second, third] = [await ask(client), await ask(client), await ask(client)];
    expect(first.headers.get('x-ratelimit-limit-requests')).toBe('12');
    expect(second.headers.get('x-ratelimit-remaining-requests')).toBe('10');
    expect(third.status).toBe(429);
    expect(Number(third.headers.get('retry-after'))).toBeLessThanOrEqual(10);
    expect(third.headers.get('policy-id')).toBe('DeploymentRatelimit-Call');
    expect((await third.json()).error.message).toContain('exceeded call rate limit');
  });

  test('of concurrency are the high demand of the service', async () => {
    const client = await startSimulator();
    client.simulator.state.limits.set({ concurrency: 1 });
    client.simulator.state.behaviour.set({ latencyMs: 60_000 });
    const leaving = new AbortController();
    const first = client
      .post(CLASSIC, chatBody('hello'), { signal: leaving.signal })
      .catch(() => 'left');
    await waitFor(() => client.entries().some(({ reservedTokens }) => reservedTokens > 0));
    const second = await ask(client);
    expect(second.status).toBe(429);
    expect(await second.json()).toMatchObject({
      error: { code: '429', message: expect.stringContaining('high demand') },
    });
    leaving.abort();
    expect(await first).toBe('left');
  });
});

describe('faults', () => {
  test.for([
    [401, '401'],
    [404, '404'],
    [408, 'Timeout'],
    [429, '429'],
  ] as const)('with status %d have the body of the vendor', async ([status, code]) => {
    const client = await startSimulator();
    client.simulator.state.faults.add({ fault: { kind: 'status', status } });
    const response = await ask(client);
    expect(response.status).toBe(status);
    expect((await response.json()).error.code).toBe(code);
  });

  test('in a stream come as an error event', async () => {
    const client = await startSimulator();
    client.simulator.state.faults.add({ fault: { kind: 'error-event', afterChunks: 2 } });
    const events = parseEvents(await (await ask(client, 'hello', { stream: true })).text());
    expect(events).toHaveLength(3);
    expect(events[2].error.type).toBe('server_error');
    expect(client.entries()[0]).toMatchObject({ outcome: 'fault', fault: 'error-event' });
  });
});
