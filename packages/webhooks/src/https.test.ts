import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { createSecureServer, type Http2SecureServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { getCACertificates, setDefaultCACertificates, type TLSSocket } from 'node:tls';

import { systemClock } from '@sluice/runtime';
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
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const cert = selfSigned(name, publicKey, privateKey);
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' });
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

/** A certificate of a day for one name, signed by its own key: X.509 v3 in DER (RFC 5280), as PEM. */
function selfSigned(name: string, publicKey: KeyObject, privateKey: KeyObject): string {
  const ecdsaWithSha256 = der(0x30, oid('2a8648ce3d040302'));
  const subject = der(0x30, der(0x31, der(0x30, oid('550403'), der(0x0c, Buffer.from(name)))));
  const day = 24 * 60 * 60 * 1000;
  const validity = der(0x30, utcTime(Date.now() - day), utcTime(Date.now() + day));
  const names = der(0x30, der(0x82, Buffer.from(name)));
  const isAuthority = der(0x30, der(0x01, Buffer.from([0xff])));
  const extensions = der(
    0x30,
    der(0x30, oid('551d11'), der(0x04, names)),
    der(0x30, oid('551d13'), der(0x04, isAuthority)),
  );
  const certificate = der(
    0x30,
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([1])),
    ecdsaWithSha256,
    subject,
    validity,
    subject,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, extensions),
  );
  const signature = der(0x03, Buffer.from([0]), sign('sha256', certificate, privateKey));
  const base64 = der(0x30, certificate, ecdsaWithSha256, signature).toString('base64');
  const lines = base64.match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}

function der(tag: number, ...contents: Uint8Array[]): Buffer {
  const content = Buffer.concat(contents);
  const size = content.length;
  const length = size < 0x80 ? [size] : size < 0x100 ? [0x81, size] : [0x82, size >> 8, size & 255];
  return Buffer.concat([Buffer.from([tag, ...length]), content]);
}

function oid(hexadecimal: string): Buffer {
  return der(0x06, Buffer.from(hexadecimal, 'hex'));
}

function utcTime(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replaceAll(/\D/g, '').slice(2, 14);
  return der(0x17, Buffer.from(`${digits}Z`));
}
