import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';

import type { WebhookEvent } from '@sluice/contracts';
import { systemClock } from '@sluice/runtime';
import { createFakeClock, startReceiver, waitFor } from '@sluice/testing';
import { Webhook } from 'standardwebhooks';
import { describe, expect, onTestFinished, test } from 'vitest';

import { deliveryHeaders } from './delivery-headers.ts';
import { createWebhookSender, type Delivery, type WebhookSenderOptions } from './webhook-sender.ts';

const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const newSecret = `whsec_${Buffer.alloc(32, 8).toString('base64')}`;
const never = new AbortController().signal;

const event: WebhookEvent = {
  id: 'evt_01k0000000',
  type: 'chat.completed',
  timestamp: '2026-01-01T00:00:00.000Z',
  data: {
    job_id: 'job_01k0000000',
    object: 'job',
    state: 'completed',
    model: 'fast',
    metadata: { greeting: 'Grüße, 世界 🌍' },
    usage: { total_tokens: 42, source: 'provider' },
    cost_usd: '0.000123',
    latency_ms: 1234,
  },
};

function deliveryTo(url: string): Delivery {
  return { url, secret, event, headers: deliveryHeaders(event) };
}

function startSender(options: Partial<WebhookSenderOptions> = {}) {
  const sender = createWebhookSender({
    allowPrivateHosts: ['127.0.0.1'],
    timeoutMs: 5_000,
    clock: systemClock,
    ...options,
  });
  onTestFinished(() => sender.close());
  return sender;
}

async function receiver() {
  const started = await startReceiver();
  onTestFinished(() => started.close());
  return started;
}

/** A server below HTTP, for replies that node:http would not send. Counts connections and keeps what it was sent. */
async function rawServer(onData: (socket: Socket) => void) {
  const sockets = new Set<Socket>();
  const seen = { connections: 0, text: '', closed: 0 };
  const server: Server = createServer((socket) => {
    seen.connections += 1;
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => (seen.closed += 1));
    socket.on('data', (data) => {
      seen.text += data.toString();
      onData(socket);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  return { port, url: `http://127.0.0.1:${port}/hook`, seen };
}

describe('what is sent', () => {
  test('is one POST of the event as JSON, to the path and query of the URL', async () => {
    const { url, requests } = await receiver();
    const outcome = await startSender().deliver(
      deliveryTo(`${url}/hook/1?tenant=a%20b#top`),
      never,
    );
    expect(outcome).toMatchObject({ kind: 'delivered', status: 200 });
    expect(requests).toHaveLength(1);
    expect(requests[0]).toMatchObject({ method: 'POST', path: '/hook/1?tenant=a%20b' });
    expect(JSON.parse(requests[0]!.rawBody.toString())).toEqual(event);
    expect(requests[0]!.headers).toMatchObject({
      'content-type': 'application/json',
      'content-length': String(requests[0]!.rawBody.length),
      'user-agent': expect.stringMatching(/^Sluice\/\d+\.\d+\.\d+/),
      'webhook-id': event.id,
      'x-relay-latency': '1234',
      'x-usage-token-count': '42',
      'x-cost-usd': '0.000123',
    });
  });

  test('verifies with the standardwebhooks library', async () => {
    const { url, requests } = await receiver();
    await startSender().deliver(deliveryTo(url), never);
    const { rawBody, headers } = requests[0]!;
    const verified = new Webhook(secret).verify(rawBody, headers as Record<string, string>);
    expect(verified).toEqual(event);
  });

  test('verifies with the old and with the new secret during a rotation', async () => {
    const { url, requests } = await receiver();
    const delivery = { ...deliveryTo(url), secret: [newSecret, secret] as const };
    await startSender().deliver(delivery, never);
    const { rawBody, headers } = requests[0]!;
    for (const each of [newSecret, secret]) {
      expect(new Webhook(each).verify(rawBody, headers as Record<string, string>)).toEqual(event);
    }
  });

  test('keeps its id over attempts and is signed with the time of each', async () => {
    const { url, requests } = await receiver();
    const clock = createFakeClock(Date.UTC(2026, 0, 1, 12, 0, 0, 999));
    const sender = startSender({ clock });
    await sender.deliver(deliveryTo(url), never);
    await clock.advance(10 * 60_000);
    await sender.deliver(deliveryTo(url), never);
    const [first, second] = requests.map(({ headers }) => headers);
    expect(first!['webhook-timestamp']).toBe(String(Date.UTC(2026, 0, 1, 12) / 1000));
    expect(second!['webhook-timestamp']).toBe(String(Date.UTC(2026, 0, 1, 12, 10) / 1000));
    expect(second!['webhook-id']).toBe(first!['webhook-id']);
    expect(second!['webhook-signature']).not.toBe(first!['webhook-signature']);
    expect(requests[1]!.rawBody).toEqual(requests[0]!.rawBody);
  });

  test('goes over the connection that an earlier delivery left open', async () => {
    const bodyEnd = JSON.stringify(event).slice(-20);
    const server = await rawServer((socket) => {
      if (!server.seen.text.endsWith(bodyEnd)) return;
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    });
    const sender = startSender();
    const first = await sender.deliver(deliveryTo(server.url), never);
    // undici offers the connection again one turn after the reply's end.
    await nextTurn();
    const second = await sender.deliver(deliveryTo(server.url), never);
    expect([first.kind, second.kind]).toEqual(['delivered', 'delivered']);
    expect(server.seen.connections).toBe(1);
  });

  test('does not go through a proxy of the environment', async () => {
    const [target, proxy] = [await receiver(), await receiver()];
    const names = ['http_proxy', 'HTTP_PROXY', 'ALL_PROXY', 'NODE_USE_ENV_PROXY'];
    const before = names.map((name) => [name, process.env[name]] as const);
    for (const name of names) process.env[name] = name === 'NODE_USE_ENV_PROXY' ? '1' : proxy.url;
    onTestFinished(() => {
      for (const [name, value] of before) {
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
      }
    });
    await startSender().deliver(deliveryTo(target.url), never);
    expect([target.requests.length, proxy.requests.length]).toEqual([1, 0]);
  });
});

describe('what the receiver answers', () => {
  test.for([
    [200, { kind: 'delivered', status: 200, excerpt: 'thanks' }],
    [299, { kind: 'delivered', status: 299 }],
    [304, { kind: 'retry', reason: 'status', status: 304 }],
    [400, { kind: 'retry', reason: 'status', status: 400, message: 'HTTP 400' }],
    [404, { kind: 'retry', reason: 'status', status: 404 }],
    [410, { kind: 'rejected', reason: 'gone', status: 410 }],
    [429, { kind: 'retry', reason: 'status', status: 429 }],
    [500, { kind: 'retry', reason: 'status', status: 500, excerpt: 'thanks' }],
    [503, { kind: 'retry', reason: 'status', status: 503 }],
  ] as const)('%i gives %o', async ([status, expected]) => {
    const { url, script } = await receiver();
    script({ status, body: 'thanks' });
    expect(await startSender().deliver(deliveryTo(url), never)).toMatchObject(expected);
  });

  test('204 without a body is a delivery', async () => {
    const { url, script } = await receiver();
    script({ status: 204 });
    const outcome = await startSender().deliver(deliveryTo(url), never);
    expect(outcome).toMatchObject({ kind: 'delivered', status: 204, excerpt: '' });
  });

  test.for([301, 302, 303, 307, 308])('%i is a failure and is not followed', async (status) => {
    const [target, canary] = [await receiver(), await receiver()];
    target.script({ status, headers: { location: canary.url } });
    const outcome = await startSender().deliver(deliveryTo(target.url), never);
    expect(outcome).toMatchObject({ kind: 'retry', reason: 'status', status });
    expect(outcome).toHaveProperty('message', `HTTP ${status}: redirects are not followed`);
    expect(canary.requests).toHaveLength(0);
    expect(target.requests).toHaveLength(1);
  });

  test.for([
    ['120', 120_000],
    ['999999999', 86_400_000],
    ['soon', undefined],
    ['Thu, 01 Jan 2026 00:02:00 GMT', 120_000],
  ] as const)('Retry-After: %s asks for %s ms', async ([retryAfter, retryAfterMs]) => {
    const { url, script } = await receiver();
    const date = 'Thu, 01 Jan 2026 00:00:00 GMT';
    script({ status: 429, headers: { 'retry-after': retryAfter, date } });
    const outcome = await startSender().deliver(deliveryTo(url), never);
    expect('retryAfterMs' in outcome ? outcome.retryAfterMs : undefined).toBe(retryAfterMs);
  });

  test('an endless body is cut after 20 KB and the status stands', async () => {
    const server = await rawServer((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
      const pour = () => {
        while (!socket.destroyed && socket.write(`400\r\n${'x'.repeat(1024)}\r\n`));
      };
      socket.on('drain', pour);
      pour();
    });
    const outcome = await startSender().deliver(deliveryTo(server.url), never);
    expect(outcome).toMatchObject({ kind: 'delivered', excerpt: 'x'.repeat(2_000) });
    await waitFor(() => server.seen.closed === 1, { description: 'the connection to be cut' });
  });

  test('a body that never comes ends with the timeout and the status stands', async () => {
    const server = await rawServer((socket) =>
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc'),
    );
    const outcome = await startSender({ timeoutMs: 100 }).deliver(deliveryTo(server.url), never);
    expect(outcome).toMatchObject({ kind: 'delivered', status: 200, excerpt: 'abc' });
    await waitFor(() => server.seen.closed === 1, { description: 'the connection to be cut' });
  });

  test('huge headers are a bad response', async () => {
    const server = await rawServer((socket) =>
      socket.write(`HTTP/1.1 200 OK\r\nX-Huge: ${'x'.repeat(100_000)}\r\n\r\n`),
    );
    const outcome = await startSender().deliver(deliveryTo(server.url), never);
    expect(outcome).toMatchObject({ kind: 'retry', reason: 'bad_response' });
  });

  test('what is not HTTP is a bad response', async () => {
    const server = await rawServer((socket) => socket.write('220 smtp.example.com ESMTP\r\n'));
    const outcome = await startSender().deliver(deliveryTo(server.url), never);
    expect(outcome).toMatchObject({ kind: 'retry', reason: 'bad_response' });
  });
});

describe('a receiver that does not answer', () => {
  test('ends with the timeout', async () => {
    const { url, requests, script } = await receiver();
    script({ fault: 'never' });
    const outcome = await startSender({ timeoutMs: 100 }).deliver(deliveryTo(url), never);
    expect(outcome).toMatchObject({
      kind: 'retry',
      reason: 'timeout',
      message: 'no complete reply within 100 ms',
    });
    expect(requests).toHaveLength(1);
  });

  test('ends with the timeout of the clock that was given', async () => {
    const { url, waitForRequests, script } = await receiver();
    script({ fault: 'never' });
    const clock = createFakeClock();
    const delivered = startSender({ clock, timeoutMs: 15_000 }).deliver(deliveryTo(url), never);
    await waitForRequests(1);
    await clock.advance(15_000);
    expect(await delivered).toMatchObject({ reason: 'timeout', durationMs: 15_000 });
    expect(clock.sleeperCount).toBe(0);
  });

  test('leaves no timer behind when it did answer', async () => {
    const { url } = await receiver();
    const clock = createFakeClock();
    await startSender({ clock }).deliver(deliveryTo(url), never);
    expect(clock.sleeperCount).toBe(0);
  });

  test('ends with the timeout while its name is still being resolved', async () => {
    const sender = startSender({ timeoutMs: 100, lookup: () => new Promise(() => {}) });
    const outcome = await sender.deliver(deliveryTo('http://slow.example/'), never);
    expect(outcome).toMatchObject({ kind: 'retry', reason: 'timeout' });
  });

  test('is unreachable when it refuses the connection', async () => {
    const closed = await startReceiver();
    await closed.close();
    const outcome = await startSender().deliver(deliveryTo(closed.url), never);
    expect(outcome).toMatchObject({ kind: 'retry', reason: 'unreachable' });
    expect(outcome).toHaveProperty('message', expect.stringMatching(/^ECONNREFUSED/));
  });

  test('is unreachable when its name does not exist', async () => {
    const sender = startSender({ lookup: async () => [] });
    const outcome = await sender.deliver(deliveryTo('http://nowhere.example/'), never);
    expect(outcome).toMatchObject({ kind: 'retry', reason: 'unreachable' });
    expect(outcome).toHaveProperty('message', expect.stringMatching(/^ENOTFOUND/));
  });

  test('is unreachable when it speaks no TLS on an https URL', async () => {
    const { url } = await receiver();
    const outcome = await startSender().deliver(deliveryTo(url.replace('http:', 'https:')), never);
    expect(outcome).toMatchObject({ kind: 'retry', reason: 'unreachable' });
  });

  test('gets exactly one POST when it cuts the connection', async () => {
    const { url, requests, otherwise } = await receiver();
    otherwise({ fault: 'reset' });
    const outcome = await startSender().deliver(deliveryTo(url), never);
    expect(outcome).toMatchObject({ kind: 'retry', reason: 'unreachable' });
    expect(requests).toHaveLength(1);
  });

  test('gets exactly one POST when it cuts a connection that was kept alive', async () => {
    const { url, requests, script } = await receiver();
    script({ status: 200 }, { fault: 'reset' });
    const sender = startSender();
    await sender.deliver(deliveryTo(url), never);
    expect(await sender.deliver(deliveryTo(url), never)).toMatchObject({ kind: 'retry' });
    expect(requests).toHaveLength(2);
  });
});

describe('the caller', () => {
  test('that aborts gets its reason instead of an outcome', async () => {
    const { url, waitForRequests, script } = await receiver();
    script({ fault: 'never' });
    const drain = new AbortController();
    const delivered = startSender().deliver(deliveryTo(url), drain.signal);
    await waitForRequests(1);
    // With a code, as the errors of a network have one.
    drain.abort(Object.assign(new Error('draining'), { code: 'ABORT_ERR' }));
    await expect(delivered).rejects.toThrow('draining');
  });

  test('that aborted before sends nothing', async () => {
    const { url, requests } = await receiver();
    const signal = AbortSignal.abort(new Error('draining'));
    await expect(startSender().deliver(deliveryTo(url), signal)).rejects.toThrow('draining');
    expect(requests).toHaveLength(0);
  });

  test('that aborts while a name is resolved sends nothing, not even later', async () => {
    const { url, requests } = await receiver();
    const { port } = new URL(url);
    const asked = Promise.withResolvers<void>();
    const resolved = Promise.withResolvers<void>();
    const sender = createWebhookSender({
      allowPrivateHosts: ['127.0.0.1'],
      timeoutMs: 5_000,
      clock: systemClock,
      lookup: async () => {
        asked.resolve();
        await resolved.promise;
        return [{ address: '127.0.0.1', family: 4 }];
      },
    });
    const drain = new AbortController();
    const delivered = sender.deliver(deliveryTo(`http://slow.example:${port}/`), drain.signal);
    await asked.promise;
    drain.abort(new Error('draining'));
    await expect(delivered).rejects.toThrow('draining');
    resolved.resolve();
    await sender.close();
    expect(requests).toHaveLength(0);
  });

  test('sees a defect as an error, not as a receiver that is down', async () => {
    const { url, requests } = await receiver();
    const delivery = { ...deliveryTo(url), secret: 'whsec_!!!' };
    await expect(startSender().deliver(delivery, never)).rejects.toThrow(/base64|decod/i);
    expect(requests).toHaveLength(0);
  });

  test('can close the sender, which waits for deliveries under way', async () => {
    const { url, script } = await receiver();
    script({ delayMs: 100 });
    const sender = startSender();
    const delivered = sender.deliver(deliveryTo(url), never);
    await sender.close();
    expect(await delivered).toMatchObject({ kind: 'delivered' });
    await expect(sender.deliver(deliveryTo(url), never)).rejects.toThrow('destroyed');
  });
});
