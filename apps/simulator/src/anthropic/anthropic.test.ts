import { waitFor } from '@sluice/testing';
import { describe, expect, test } from 'vitest';
import { startSimulator } from '../test-client.ts';
import type { TestClient } from '../test-client.ts';
import { messageBody, NEWEST, OLDER, parseNamedEvents, postMessage } from './test-messages.ts';

const MINUTE = 60_000;
/** About a minute: the machine that runs the test may be slow. */
const SECONDS = /^(5\d|60)$/u;

function ask(client: TestClient, content = 'hello', more: object = {}) {
  return postMessage(client, messageBody(content, more));
}

describe('keys and versions', () => {
  test.for([
    ['x-api-key and the older version', { 'x-api-key': 'key-7', authorization: '', ...OLDER }],
    ['a bearer token and the newest version', { authorization: 'Bearer key-7', ...NEWEST }],
  ] as const)('come as %s', async ([, headers]) => {
    const client = await startSimulator();
    expect((await postMessage(client, messageBody('hello'), { headers })).status).toBe(200);
    expect(client.entries()[0]?.key).toBe('key-7');
  });

  test.for([
    ['a key', { authorization: '' }, 401, 'authentication_error', 'x-api-key header is required'],
    [
      'a right key',
      { 'x-api-key': 'invalid-key' },
      401,
      'authentication_error',
      'invalid x-api-key',
    ],
    [
      'a version',
      { 'anthropic-version': '' },
      400,
      'invalid_request_error',
      'anthropic-version: header is required',
    ],
    [
      'a known version',
      { 'anthropic-version': '2020-01-01' },
      400,
      'invalid_request_error',
      'anthropic-version: "2020-01-01" is not a valid version',
    ],
  ] as const)('are refused without %s', async ([, headers, status, type, message]) => {
    const client = await startSimulator();
    const response = await postMessage(client, messageBody('hello'), { headers });
    expect(response.status).toBe(status);
    expect(await response.json()).toEqual({
      type: 'error',
      error: { type, message },
      request_id: response.headers.get('request-id'),
    });
  });
});

describe('models', () => {
  test('are listed in pages, with what they can do', async () => {
    const client = await startSimulator();
    const list = async (query: string) =>
      (await client.get(`/anthropic/v1/models${query}`, { headers: NEWEST })).json();
    const all = await list('');
    expect(all).toMatchObject({ has_more: false, first_id: 'sim-chat', last_id: 'sim-chat-large' });
    expect(all.data[0]).toMatchObject({
      type: 'model',
      id: 'sim-chat',
      max_input_tokens: 131_072,
      capabilities: { thinking: { supported: true } },
    });
    expect(await list('?limit=1')).toMatchObject({ has_more: true, last_id: 'sim-chat' });
    expect(await list('?after_id=sim-chat')).toMatchObject({ first_id: 'sim-chat-large' });
    expect(await list('?before_id=sim-chat-large')).toMatchObject({ last_id: 'sim-chat' });
    expect((await list('?limit=0')).error.type).toBe('invalid_request_error');
  });

  test('are described one by one', async () => {
    const client = await startSimulator();
    const get = (id: string) => client.get(`/anthropic/v1/models/${id}`, { headers: NEWEST });
    expect(await (await get('sim-chat-canary')).json()).toMatchObject({ id: 'sim-chat-canary' });
    expect((await get('claude-9')).status).toBe(404);
  });
});

describe('limits', () => {
  test('of requests are told with the time at which they are free again', async () => {
    const client = await startSimulator();
    client.simulator.state.limits.set({ requests: [{ limit: 1, windowMs: MINUTE }] });
    const first = await ask(client);
    expect(first.headers.get('anthropic-ratelimit-requests-limit')).toBe('1');
    expect(first.headers.get('anthropic-ratelimit-requests-remaining')).toBe('0');
    const reset = first.headers.get('anthropic-ratelimit-requests-reset')!;
    expect(reset).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/u);
    expect(Math.abs(Date.parse(reset) - Date.now() - MINUTE)).toBeLessThan(10_000);
    const second = await ask(client);
    expect(second.status).toBe(429);
    expect(second.headers.get('retry-after')).toMatch(SECONDS);
    expect(await second.json()).toEqual({
      type: 'error',
      error: {
        type: 'rate_limit_error',
        message: expect.stringContaining('rate limit of 1 requests per minute'),
      },
      request_id: second.headers.get('request-id'),
    });
  });

  test('of input charge what the cache did not know, and no max_tokens', async () => {
    const client = await startSimulator();
    client.simulator.state.limits.set({ inputTokens: [{ limit: 5000, windowMs: MINUTE }] });
    const text = 'x'.repeat(16_000);
    const system = [{ type: 'text', text, cache_control: { type: 'ephemeral' } }];
    const body = messageBody('hello', { system, max_tokens: 60_000 });
    const first = await postMessage(client, body);
    expect(first.headers.get('anthropic-ratelimit-input-tokens-limit')).toBe('5000');
    expect(first.headers.get('anthropic-ratelimit-input-tokens-remaining')).toBe('1000');
    expect(first.headers.get('anthropic-ratelimit-tokens-remaining')).toBe('1000');
    expect((await postMessage(client, body)).status).toBe(200);
    const third = await ask(client, text);
    expect(third.status).toBe(429);
    expect((await third.json()).error.message).toContain('5,000 input tokens per minute');
    expect(third.headers.get('retry-after')).toMatch(SECONDS);
  });

  test('of input never let a larger call through, and say no time', async () => {
    const client = await startSimulator();
    client.simulator.state.limits.set({ inputTokens: [{ limit: 10, windowMs: MINUTE }] });
    const response = await ask(client, 'x'.repeat(100));
    expect(response.status).toBe(429);
    expect(response.headers.get('retry-after')).toBeNull();
  });

  test.for([false, true])('of output charge what is produced (streamed: %s)', async (stream) => {
    const client = await startSimulator();
    client.simulator.state.limits.set({ outputTokens: [{ limit: 8, windowMs: MINUTE }] });
    const more = { stream, max_tokens: 1000 };
    await (await ask(client, 'hello', more)).text();
    await (await ask(client, 'hello', more)).text();
    const third = await ask(client, 'hello', more);
    expect(third.status).toBe(429);
    expect(third.headers.get('anthropic-ratelimit-output-tokens-remaining')).toBe('0');
    expect((await third.json()).error.message).toContain('8 output tokens per minute');
    expect(client.entries().map(({ outcome }) => outcome)).toEqual(['bought', 'bought', 'limited']);
  });

  test('of output count a stream while it goes on', async () => {
    const client = await startSimulator();
    client.simulator.state.limits.set({ outputTokens: [{ limit: 10, windowMs: MINUTE }] });
    client.simulator.state.behaviour.set({ chunkDelayMs: 10, chunks: 1000 });
    const leaving = new AbortController();
    const body = messageBody('x'.repeat(4000), { stream: true });
    const first = await postMessage(client, body, { signal: leaving.signal });
    await waitFor(async () => (await ask(client, 'h', { max_tokens: 0 })).status === 429);
    expect(client.entries()[0]?.outcome).toBe('open');
    leaving.abort();
    await expect(first.text()).rejects.toThrow('aborted');
  });

  test('of concurrency say a second', async () => {
    const client = await startSimulator();
    client.simulator.state.limits.set({ concurrency: 1 });
    client.simulator.state.behaviour.set({ latencyMs: MINUTE });
    const leaving = new AbortController();
    const options = { signal: leaving.signal };
    const first = postMessage(client, messageBody('hello'), options).catch(() => 'left');
    await waitFor(() => client.entries().some(({ reservedTokens }) => reservedTokens > 0));
    const second = await ask(client);
    expect(second.status).toBe(429);
    expect(second.headers.get('retry-after')).toBe('1');
    expect((await second.json()).error.message).toContain('concurrent connections');
    leaving.abort();
    expect(await first).toBe('left');
  });
});

describe('faults', () => {
  test.for([
    [400, 'invalid_request_error'],
    [401, 'authentication_error'],
    [402, 'billing_error'],
    [403, 'permission_error'],
    [404, 'not_found_error'],
    [409, 'conflict_error'],
    [413, 'request_too_large'],
    [429, 'rate_limit_error'],
    [500, 'api_error'],
    [503, 'api_error'],
    [504, 'timeout_error'],
    [529, 'overloaded_error'],
  ] as const)('with status %d have the body of the vendor', async ([status, type]) => {
    const client = await startSimulator();
    client.simulator.state.faults.add({ fault: { kind: 'status', status } });
    const response = await ask(client);
    expect(response.status).toBe(status);
    const { error, request_id: requestId } = await response.json();
    expect(error.type).toBe(type);
    expect(requestId).toBe(response.headers.get('request-id'));
  });

  test('end a stream with an error event, pings not counted', async () => {
    const client = await startSimulator();
    client.simulator.state.faults.add({ fault: { kind: 'error-event', afterChunks: 3 } });
    const events = parseNamedEvents(await (await ask(client, 'hello', { stream: true })).text());
    expect(events.map(({ event }) => event)).toEqual([
      'message_start',
      'content_block_start',
      'ping',
      'content_block_delta',
      'error',
    ]);
    expect(events.at(-1)?.data).toEqual({
      type: 'error',
      error: { type: 'overloaded_error', message: 'Overloaded' },
    });
    expect(client.entries()[0]).toMatchObject({ outcome: 'fault', fault: 'error-event' });
  });

  test.for(['reset', 'malformed-json', 'content-type', 'slow-drip', 'split'] as const)(
    'damage an answer as they damage any: %s',
    async (kind) => {
      const client = await startSimulator();
      const more = { reset: { afterBytes: 100 }, 'slow-drip': { byteDelayMs: 0 } };
      const fault = { kind, ...(kind in more && more[kind as keyof typeof more]) };
      client.simulator.state.faults.add({ fault });
      const response = await ask(client);
      const answer = await response.json().catch(() => 'damaged');
      const isWhole = kind !== 'reset' && kind !== 'malformed-json';
      expect(answer).toEqual(isWhole ? expect.objectContaining({ type: 'message' }) : 'damaged');
      await waitFor(() => client.entries()[0]?.outcome === (isWhole ? 'bought' : 'fault'));
    },
  );

  test('cut a stream before message_stop', async () => {
    const client = await startSimulator();
    client.simulator.state.faults.add({ fault: { kind: 'truncate', afterChunks: 4 } });
    const text = await (await ask(client, 'hello', { stream: true })).text();
    expect(text).not.toContain('message_stop');
    expect(client.entries()[0]?.outcome).toBe('fault');
  });

  test('keep a stream alive with pings', async () => {
    const client = await startSimulator();
    client.simulator.state.faults.add({ fault: { kind: 'keep-alive', intervalMs: 5 } });
    const response = await ask(client, 'hello', { stream: true });
    const ping = 'event: ping\ndata: {"type":"ping"}\n\n';
    let text = '';
    for await (const chunk of response.body!) {
      text += Buffer.from(chunk).toString();
      if (text.length > ping.length) break;
    }
    expect(text).toBe(ping.repeat(text.length / ping.length));
  });

  test('write nothing to the cache', async () => {
    const client = await startSimulator();
    client.simulator.state.faults.add({ fault: { kind: 'status', status: 500 } });
    const more = { cache_control: { type: 'ephemeral' } };
    await ask(client, 'hello', more);
    const { usage } = await (await ask(client, 'hello', more)).json();
    expect(usage.cache_read_input_tokens).toBe(0);
  });
});
