import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';

import type { ChatInput } from '@sluice/contracts';
import type { Lookup } from '@sluice/runtime';
import { expect, onTestFinished, test } from 'vitest';

import { createAdapters } from '../registry.ts';
import { targetOf } from '../conformance/subject.ts';
import { createHttpClient, type ConnectionOptions } from './http-client.ts';
import { warmUp } from './warm-up.ts';

const input: ChatInput = { messages: [{ role: 'user', content: 'hi' }] };

function answer(response: ServerResponse): void {
  const message = { role: 'assistant', content: 'hello' };
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ choices: [{ index: 0, message, finish_reason: 'stop' }] }));
}

/** A server that answers any chat, and a proxy in front of anything; both note who came. */
async function startServers() {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    seen.push(`${request.method} ${request.headers.host} ${request.headers.authorization ?? '-'}`);
    answer(response);
  });
  server.on('connection', () => seen.push('connection'));
  // Plain HTTP needs no tunnel: the proxy gets the whole URL.
  const proxy = createServer((request, response) => {
    seen.push(`proxied ${request.url}`);
    answer(response);
  });
  for (const each of [server, proxy]) {
    each.listen(0, '127.0.0.1');
    await once(each, 'listening');
    onTestFinished(() => {
      each.closeAllConnections();
      each.close();
    });
  }
  // Servers that listen on a port have an address.
  const port = (server.address() as AddressInfo).port;
  const proxyPort = (proxy.address() as AddressInfo).port;
  return { seen, port, proxyUrl: `http://127.0.0.1:${proxyPort}` };
}

function clientOf(connections: ConnectionOptions) {
  const http = createHttpClient({ connections });
  onTestFinished(async () => await http.dispatcher.destroy());
  return http;
}

async function chat(connections: ConnectionOptions, url: string) {
  const { dispatcher } = clientOf(connections);
  const target = targetOf('openai-compatible', url);
  const signal = new AbortController().signal;
  const adapter = createAdapters({ dispatcher })('openai-compatible');
  return await adapter.chat?.({ target, jobId: 'job_1', user: undefined, signal, input });
}

const toHere: Lookup = async () => [{ address: '127.0.0.1', family: 4 }];

test.each([
  ['a literal', 'http://127.0.0.1:PORT', undefined],
  ['the answer for a name', 'http://innocent.test:PORT', toHere],
])(
  '%s that is private is not connected to, and the error says what to do',
  async (_case, url, lookup) => {
    const { seen, port } = await startServers();
    const call = chat({ allowPrivateHosts: [], lookup }, url.replace('PORT', String(port)));
    await expect(call).rejects.toMatchObject({
      code: 'upstream_unreachable',
      retryable: false,
      message: expect.stringMatching(/private or reserved address.*allowPrivateHosts/),
    });
    expect(seen).toEqual([]);
  },
);

test('what the operator allows is connected to, and a name is resolved once', async () => {
  const { seen, port } = await startServers();
  let asked = 0;
  const lookup: Lookup = async (hostname) => {
    asked += 1;
    return await toHere(hostname);
  };
  const http = clientOf({ allowPrivateHosts: ['127.0.0.0/8'], lookup });
  const target = targetOf('openai-compatible', `http://named.test:${port}`);
  await Promise.all([warmUp(http, target.provider), warmUp(http, target.provider)]);
  expect(seen.filter((each) => each === 'connection')).toHaveLength(2);
  expect(asked).toBe(1);
});

test('a warm connection is the one that the first call uses, and no key is sent to open it', async () => {
  const { seen, port } = await startServers();
  const http = clientOf({ allowPrivateHosts: ['127.0.0.1'] });
  const target = targetOf('openai-compatible', `http://127.0.0.1:${port}`);
  await warmUp(http, target.provider);
  // undici offers the connection again one turn after the reply's end.
  await nextTurn();
  expect(seen).toEqual(['connection', `GET 127.0.0.1:${port} -`]);
  const adapter = createAdapters({ dispatcher: http.dispatcher })('openai-compatible');
  const signal = new AbortController().signal;
  await adapter.chat?.({ target, jobId: 'job_1', user: undefined, signal, input });
  expect(seen.filter((each) => each === 'connection')).toHaveLength(1);
});

test('a proxy is used for other machines, but for those that need none', async () => {
  const { seen, port, proxyUrl } = await startServers();
  const proxy = { http: proxyUrl, except: '.near.test' };
  const connections = { allowPrivateHosts: ['127.0.0.1'], proxy, lookup: toHere };
  await chat(connections, `http://far.test:${port}`);
  expect(seen).toEqual([`proxied http://far.test:${port}/v1/chat/completions`]);
  seen.length = 0;
  await chat(connections, `http://127.0.0.1:${port}`);
  await chat(connections, `http://is.near.test:${port}`);
  expect(seen.filter((each) => each.startsWith('proxied'))).toEqual([]);
});
