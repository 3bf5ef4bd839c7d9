import { connect } from 'node:net';
import { waitFor } from '@sluice/testing';
import { describe, expect, test } from 'vitest';
import { chat, chatBody, parseEvents, startSimulator } from '../test-client.ts';
import type { TestClient, VendorReply } from '../test-client.ts';
import type { FaultScript } from './fault-schema.ts';

const CHAT = '/openai/v1/chat/completions';
const RUN = '/dify/v1/workflows/run';
const ANSWER = 'You said: hello';

function script(client: TestClient, fault: FaultScript['fault'], more: object = {}): void {
  client.simulator.state.faults.add({ fault, ...more });
}

function streamChat(client: TestClient, content = 'hello'): Promise<VendorReply> {
  return client.post(CHAT, chatBody(content, { stream: true }));
}

/** The text that arrived, and whether the body ended as it should. */
async function readAll(response: VendorReply): Promise<{ text: string; clean: boolean }> {
  const decoder = new TextDecoder();
  let text = '';
  try {
    for await (const chunk of response.body!) text += decoder.decode(chunk, { stream: true });
    return { text, clean: true };
  } catch {
    return { text, clean: false };
  }
}

/** All bytes a raw connection gets, in the pieces HTTP chunks them in. */
function rawChunks(client: TestClient, body: object): Promise<Buffer[]> {
  const { port } = new URL(client.simulator.url);
  const json = JSON.stringify(body);
  return new Promise((resolve) => {
    const parts: Buffer[] = [];
    const socket = connect(Number(port), '127.0.0.1');
    socket.on('data', (part) => parts.push(part));
    socket.on('close', () => resolve(splitChunks(Buffer.concat(parts))));
    socket.write(
      `POST ${CHAT} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer k\r\n` +
        `content-length: ${Buffer.byteLength(json)}\r\n\r\n${json}`,
    );
  });
}

function splitChunks(all: Buffer): Buffer[] {
  let rest = all.subarray(all.indexOf('\r\n\r\n') + 4);
  const chunks: Buffer[] = [];
  for (;;) {
    const lineEnd = rest.indexOf('\r\n');
    const size = Number.parseInt(rest.subarray(0, lineEnd).toString(), 16);
    if (size === 0) return chunks;
    chunks.push(rest.subarray(lineEnd + 2, lineEnd + 2 + size));
    rest = rest.subarray(lineEnd + 4 + size);
  }
}

describe('a status fault', () => {
  test('sends status, body and headers as given', async () => {
    const client = await startSimulator();
    const body = { error: { message: 'slow down', code: 'slow_down' } };
    script(client, { kind: 'status', status: 429, body, headers: { 'x-should-retry': 'false' } });
    const response = await chat(client);
    expect(response.status).toBe(429);
    expect(response.headers.get('x-should-retry')).toBe('false');
    expect(response.headers.get('x-request-id')).toMatch(/^req_/u);
    expect(await response.json()).toEqual(body);
    expect(client.entries()[0]).toMatchObject({
      outcome: 'fault',
      fault: 'status',
      status: 429,
      outputTokens: 0,
      costUsd: 0,
    });
    expect((await chat(client)).status).toBe(200);
  });

  test('sends Retry-After in seconds or as a date', async () => {
    const client = await startSimulator();
    script(client, { kind: 'status', status: 429, retryAfterSeconds: 7 });
    script(client, { kind: 'status', status: 503, retryAfterDateInMs: 30_000 });
    expect((await chat(client)).headers.get('retry-after')).toBe('7');
    const overloaded = await chat(client);
    const date = overloaded.headers.get('retry-after')!;
    expect(date).toMatch(/GMT$/u);
    expect(Math.abs(Date.parse(date) - Date.now() - 30_000)).toBeLessThan(3000);
    expect((await overloaded.json()).error.code).toBe('server_is_overloaded');
  });

  test.for([
    [400, 'invalid_request_error'],
    [401, 'invalid_request_error'],
    [429, 'requests'],
    [500, 'server_error'],
    [503, 'service_unavailable_error'],
  ] as const)('%d has the body of the vendor by default', async ([status, type]) => {
    const client = await startSimulator();
    script(client, { kind: 'status', status });
    const response = await chat(client);
    expect(response.status).toBe(status);
    expect((await response.json()).error.type).toBe(type);
  });

  test('502 is a page in HTML, also when given as text', async () => {
    const client = await startSimulator();
    script(client, { kind: 'status', status: 502 });
    script(client, { kind: 'status', status: 504, body: '<html>time-out</html>' });
    const first = await chat(client);
    expect(first.headers.get('content-type')).toBe('text/html');
    expect(await first.text()).toContain('502 Bad Gateway');
    const second = await chat(client);
    expect(second.headers.get('content-type')).toBe('text/html');
    expect(await second.text()).toBe('<html>time-out</html>');
  });

  test('speaks the dialect it is asked in', async () => {
    const client = await startSimulator();
    script(client, { kind: 'status', status: 500 });
    const response = await client.post(RUN, { inputs: {}, user: 'u' }, { key: 'app-1' });
    expect(await response.json()).toMatchObject({ code: 'internal_server_error', status: 500 });
  });

  test('may come late', async () => {
    const client = await startSimulator();
    script(client, { kind: 'status', status: 504, delayMs: 50 });
    expect((await chat(client)).status).toBe(504);
    expect(client.entries()[0]?.durationMs).toBeGreaterThanOrEqual(49);
  });
});

describe('a hanging call', () => {
  test('never answers, and ends when the client leaves', async () => {
    const client = await startSimulator();
    script(client, { kind: 'hang' });
    const call = chat(client, { signal: AbortSignal.timeout(60) });
    await expect(call).rejects.toThrow('timeout');
    await waitFor(() => client.entries()[0]?.outcome === 'fault');
    expect(client.entries()[0]).toMatchObject({ status: null, fault: 'hang' });
  });
});

describe('a reset', () => {
  test('before any work leaves no answer', async () => {
    const client = await startSimulator();
    script(client, { kind: 'reset' });
    await expect(chat(client)).rejects.toThrow('fetch failed');
    expect(client.entries()[0]).toMatchObject({ outcome: 'fault', outputTokens: 0, status: null });
  });

  test('after 0 bytes has done the work, and not a byte arrives', async () => {
    const client = await startSimulator();
    script(client, { kind: 'reset', afterBytes: 0 });
    await expect(chat(client)).rejects.toThrow('fetch failed');
    await waitFor(() => client.entries()[0]?.outcome === 'fault');
    expect(client.entries()[0]).toMatchObject({ outputTokens: 4 });
  });

  test('after N bytes cuts exactly there', async () => {
    const client = await startSimulator();
    script(client, { kind: 'reset', afterBytes: 100 });
    const { text, clean } = await readAll(await streamChat(client));
    expect(clean).toBe(false);
    expect(Buffer.byteLength(text)).toBe(100);
    await waitFor(() => client.entries()[0]?.outcome === 'fault');
  });

  test('after N chunks cuts between them', async () => {
    const client = await startSimulator();
    script(client, { kind: 'reset', afterChunks: 3 });
    const { text, clean } = await readAll(await streamChat(client));
    expect(clean).toBe(false);
    expect(parseEvents(text)).toHaveLength(3);
    await waitFor(() => client.entries()[0]?.outcome === 'fault');
    expect(client.entries()[0]?.outputTokens).toBeLessThan(4);
  });

  test('of a Dify stream leaves the run alive and bought', async () => {
    const client = await startSimulator();
    script(client, { kind: 'reset', afterChunks: 1 });
    const body = { inputs: {}, user: 'u', response_mode: 'streaming' };
    const { text, clean } = await readAll(await client.post(RUN, body, { key: 'app-1' }));
    expect(clean).toBe(false);
    expect(parseEvents(text).map((event) => event.event ?? event)).toEqual([
      'event: ping',
      'workflow_started',
    ]);
    await waitFor(() => client.entries()[0]?.outcome === 'bought');
    expect(client.entries()[0]).toMatchObject({ fault: 'reset', runStatus: 'succeeded' });
  });
});

describe('a truncated answer', () => {
  test('ends cleanly without its terminal event', async () => {
    const client = await startSimulator();
    script(client, { kind: 'truncate', afterChunks: 2 });
    const { text, clean } = await readAll(await streamChat(client));
    expect(clean).toBe(true);
    expect(parseEvents(text)).toHaveLength(2);
    expect(text).not.toContain('[DONE]');
    expect(client.entries()[0]).toMatchObject({ outcome: 'fault', fault: 'truncate' });
  });

  test('may have no event at all', async () => {
    const client = await startSimulator();
    script(client, { kind: 'truncate', afterChunks: 0 });
    expect(await readAll(await streamChat(client))).toEqual({ text: '', clean: true });
  });

  test('is half of a JSON body', async () => {
    const client = await startSimulator();
    script(client, { kind: 'truncate' });
    const { text, clean } = await readAll(await chat(client));
    expect(clean).toBe(true);
    expect(text).toMatch(/^\{"id"/u);
    expect(() => JSON.parse(text)).toThrow('JSON');
  });
});

describe('malformed JSON', () => {
  test('is one bad event of an otherwise whole stream', async () => {
    const client = await startSimulator();
    script(client, { kind: 'malformed-json', atChunk: 1 });
    const { text } = await readAll(await streamChat(client));
    const events = text.split('\n\n').filter((event) => event.startsWith('data: {'));
    const broken = events.map((event) => {
      try {
        JSON.parse(event.slice(6));
        return false;
      } catch {
        return true;
      }
    });
    expect(broken.indexOf(true)).toBe(1);
    expect(broken.filter(Boolean)).toHaveLength(1);
    expect(text).toContain('[DONE]');
    expect(client.entries()[0]?.outcome).toBe('fault');
  });

  test('is a bad body', async () => {
    const client = await startSimulator();
    script(client, { kind: 'malformed-json' });
    await expect((await chat(client)).json()).rejects.toThrow('JSON');
  });
});

test('another content type comes with the whole answer', async () => {
  const client = await startSimulator();
  script(client, { kind: 'content-type', contentType: 'text/plain' });
  const response = await chat(client);
  expect(response.headers.get('content-type')).toBe('text/plain');
  expect((await response.json()).choices[0].message.content).toBe(ANSWER);
  expect(client.entries()[0]).toMatchObject({ outcome: 'bought', fault: 'content-type' });
});

describe('an error event', () => {
  test('ends the stream after k events', async () => {
    const client = await startSimulator();
    script(client, { kind: 'error-event', afterChunks: 2 });
    const events = parseEvents((await readAll(await streamChat(client))).text);
    expect(events).toHaveLength(3);
    expect(events[2].error.type).toBe('server_error');
    expect(client.entries()[0]?.outcome).toBe('fault');
  });

  test('speaks Dify to a Dify app, and may say anything', async () => {
    const client = await startSimulator();
    const body = { inputs: {}, user: 'u', response_mode: 'streaming' };
    const run = async () =>
      parseEvents(await (await client.post(RUN, body, { key: 'app-1' })).text()).at(-1);
    script(client, { kind: 'error-event' });
    expect(await run()).toMatchObject({ event: 'error', code: 'internal_server_error' });
    script(client, { kind: 'error-event', data: { event: 'error', code: 'x' } });
    expect(await run()).toEqual({ event: 'error', code: 'x' });
  });

  test('is an error body with status 200 where nothing is streamed', async () => {
    const client = await startSimulator();
    script(client, { kind: 'error-event' });
    const response = await chat(client);
    expect(response.status).toBe(200);
    expect((await response.json()).error.type).toBe('server_error');
  });
});

describe('a slow drip', () => {
  test('sends one byte at a time', async () => {
    const client = await startSimulator();
    script(client, { kind: 'slow-drip', byteDelayMs: 1 });
    const started = performance.now();
    const response = await chat(client, { content: 'é' });
    const { choices } = await response.json();
    expect(choices[0].message.content).toBe('You said: é');
    expect(performance.now() - started).toBeGreaterThan(400);
    expect(client.entries()[0]).toMatchObject({ outcome: 'bought', fault: 'slow-drip' });
  });

  test('that the client does not wait for is aborted', async () => {
    const client = await startSimulator();
    script(client, { kind: 'slow-drip', byteDelayMs: 60_000 });
    const response = await streamChat(client);
    await response.body?.cancel();
    await waitFor(() => client.entries()[0]?.outcome === 'aborted');
  });
});

describe('keep-alives only', () => {
  test('are comments in a stream, for as long as scripted', async () => {
    const client = await startSimulator();
    script(client, { kind: 'keep-alive', intervalMs: 10, durationMs: 60 });
    const response = await streamChat(client);
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    const { text, clean } = await readAll(response);
    expect(clean).toBe(true);
    expect(text).toMatch(/^(: keep-alive\n\n){2,}$/u);
    expect(client.entries()[0]).toMatchObject({ outcome: 'fault', outputTokens: 0 });
  });

  test('are blank lines elsewhere, and last until the client leaves', async () => {
    const client = await startSimulator();
    script(client, { kind: 'keep-alive', intervalMs: 5 });
    const response = await chat(client);
    const reader = response.body!.getReader();
    expect(Buffer.from((await reader.read()).value ?? []).toString()).toMatch(/^\n+$/u);
    expect(client.entries()[0]?.outcome).toBe('open');
    await reader.cancel();
    await waitFor(() => client.entries()[0]?.outcome === 'fault');
  });
});

test('split sends every byte as a chunk of its own', async () => {
  const client = await startSimulator();
  script(client, { kind: 'split' });
  const chunks = await rawChunks(client, chatBody('é🌍', { stream: true }));
  expect(chunks.every((chunk) => chunk.length === 1)).toBe(true);
  const events = parseEvents(Buffer.concat(chunks).toString());
  const text = events.map((event) => event.choices?.[0].delta.content ?? '').join('');
  expect(text).toBe('You said: é🌍');
  expect(client.entries()[0]).toMatchObject({ outcome: 'bought', fault: 'split' });
});

describe('the queue', () => {
  const statuses = async (client: TestClient, calls: number) => {
    const result: number[] = [];
    for (let call = 0; call < calls; call += 1) result.push((await chat(client)).status);
    return result;
  };

  test('hits as often as told, after as many calls as told, in order', async () => {
    const client = await startSimulator();
    script(client, { kind: 'status', status: 500 }, { skip: 1, times: 2 });
    script(client, { kind: 'status', status: 503 });
    expect(await statuses(client, 5)).toEqual([503, 500, 500, 200, 200]);
    const [first, second] = client.simulator.state.faults.list();
    expect(first).toMatchObject({ id: 1, hits: 2, remaining: 0 });
    expect(second).toMatchObject({ id: 2, hits: 1, remaining: 0 });
  });

  test('lets as many calls through between two hits as told', async () => {
    const client = await startSimulator();
    script(client, { kind: 'status', status: 500 }, { skip: 1, times: 2, between: 2 });
    expect(await statuses(client, 7)).toEqual([200, 500, 200, 200, 500, 200, 200]);
  });

  test.for([
    ['path', { path: 'chat/completions' }, { path: 'embeddings' }],
    ['key', { key: 'key-1' }, { key: 'key-2' }],
    ['model', { model: 'sim-chat' }, { model: 'sim-chat-large' }],
    ['kind', { kind: 'chat' }, { kind: 'workflow' }],
    ['body', { bodyIncludes: 'hello' }, { bodyIncludes: 'good bye' }],
  ] as const)('matches by %s', async ([, right, wrong]) => {
    const client = await startSimulator();
    script(client, { kind: 'status', status: 500 }, { match: wrong });
    expect(await statuses(client, 1)).toEqual([200]);
    script(client, { kind: 'status', status: 503 }, { match: right });
    expect(await statuses(client, 2)).toEqual([503, 200]);
  });

  test('spares calls that are limited or wrong', async () => {
    const client = await startSimulator();
    script(client, { kind: 'status', status: 500 });
    expect((await client.post(CHAT, {})).status).toBe(400);
    client.simulator.state.limits.set({ requests: [{ limit: 1, windowMs: 60_000 }] });
    client.simulator.state.limits.for('key-1').admit(performance.now(), 0);
    expect((await chat(client)).status).toBe(429);
    expect(client.simulator.state.faults.list()[0]?.remaining).toBe(1);
  });
});
