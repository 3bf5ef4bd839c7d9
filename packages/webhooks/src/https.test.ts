import { once } from 'node:events';
import { createSecureServer, type Http2SecureServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { getCACertificates, setDefaultCACertificates, type TLSSocket } from 'node:tls';

import { systemClock } from '@sluice/runtime';
import { selfSigned } from '@sluice/testing';
import { expect, onTestFinished, test } from 'vitest';

import { createWebhookSender } from './webhook-sender.ts';

test('the certificate is checked against the name, which SNI and Host carry, over HTTP/1.1', async () => {
  const { server, cert, seen } = await startTls('hooks.example');
  trust(cert);
  const outcome = await deliverTo('hooks.example', server);
  expect(outcome).toMatchObject({ kind: 'delivered', status: 200 });
  const host = `hooks.example:${portOf(server)}`;
  expect(seen).toEqual([{ version: '1.1', sni: 'hooks.example', host }]);
});

test('a certificate for another name is refused before anything is sent', async () => {
  const { server, cert, seen } = await startTls('hooks.example');
  trust(cert);
  const outcome = await deliverTo('other.example', server);
  expect(outcome).toMatchObject({ kind: 'retry', reason: 'unreachable' });
  expect(outcome).toHaveProperty('message', expect.stringMatching(/^ERR_TLS_CERT_ALTNAME_INVALID/));
  expect(seen).toEqual([]);
});

test('a certificate that nobody vouches for is refused before anything is sent', async () => {
  const { server, seen } = await startTls('hooks.example');
  const outcome = await deliverTo('hooks.example', server);
  expect(outcome).toMatchObject({ kind: 'retry', reason: 'unreachable' });
  expect(outcome).toHaveProperty('message', expect.stringMatching(/SELF_SIGNED/));
  expect(seen).toEqual([]);
});

async function deliverTo(hostname: string, server: Http2SecureServer) {
  const sender = createWebhookSender({
    allowPrivateHosts: ['127.0.0.1'],
    timeoutMs: 5_000,
    clock: systemClock,
    lookup: async () => [{ address: '127.0.0.1', family: 4 }],
  });
  onTestFinished(() => sender.close());
  return await sender.deliver(
    {
      url: `https://${hostname}:${portOf(server)}/`,
      secret: `whsec_${Buffer.alloc(32, 7).toString('base64')}`,
      event: {
        id: 'evt_1',
        type: 'chat.completed',
        timestamp: '2026-01-01T00:00:00.000Z',
        data: { job_id: 'job_1', object: 'job', state: 'completed', latency_ms: 1 },
      },
      headers: { 'X-Relay-Latency': '1', 'X-Usage-Token-Count': '1', 'X-Cost-USD': '0' },
    },
    new AbortController().signal,
  );
}

async function startTls(name: string) {
  const { key, cert } = selfSigned(name);
  const seen: { version: string; sni: unknown; host: string | undefined }[] = [];
  const server = createSecureServer({ key, cert, allowHTTP1: true }, (request, response) => {
    // A secure server's sockets are TLSSockets.
    const { servername } = request.socket as TLSSocket & { servername?: unknown };
    seen.push({ version: request.httpVersion, sni: servername, host: request.headers.host });
    response.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    await new Promise((resolve) => server.close(resolve));
  });
  return { server, cert, seen };
}

function portOf(server: Http2SecureServer): number {
  return (server.address() as AddressInfo).port;
}

function trust(cert: string): void {
  const before = getCACertificates('default');
  setDefaultCACertificates([...before, cert]);
  onTestFinished(() => setDefaultCACertificates(before));
}
