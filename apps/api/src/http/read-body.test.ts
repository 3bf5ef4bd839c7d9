import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';

import { afterEach, beforeEach, expect, it, onTestFinished, vi } from 'vitest';

import { readBody } from './read-body.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** A server that reads one request, and the client that sends it. */
async function begin(head: string): Promise<{ body: Promise<Buffer>; client: Socket }> {
  const server: Server = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => server.closeAllConnections());
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  // A TCP server's address is never a path.
  const { port } = server.address() as AddressInfo;
  const client = connect(port, '127.0.0.1');
  // Being cut off is what the tests are about.
  client.on('error', () => {});
  client.resume();
  client.write(head);
  const [request] = (await once(server, 'request')) as [IncomingMessage];
  const body = readBody(request, 1_000);
  await nextTurn();
  await nextTurn();
  return { body, client };
}

const head = 'POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 4\r\n\r\n';

it('cuts a client off that has not sent its whole body after 30 s', async () => {
  const { client } = await begin(`${head}ab`);
  vi.advanceTimersByTime(29_999);
  expect(client.destroyed).toBe(false);
  vi.advanceTimersByTime(1);
  await once(client, 'close');
});

it('waits no longer for a body that has come late but in time', async () => {
  const { body, client } = await begin(`${head}ab`);
  expect(vi.getTimerCount()).toBe(1);
  client.write('cd');
  expect((await body).toString()).toBe('abcd');
  await vi.waitFor(() => expect(vi.getTimerCount()).toBe(0));
});
