import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type AddressInfo } from 'node:net';

import express, { type Response } from 'express';
import { waitFor } from '@sluice/testing';
import { expect, it, onTestFinished } from 'vitest';

import { openEventStream } from './event-stream.ts';

async function serve(answer: (response: Response) => Promise<void>): Promise<number> {
  const app = express().get('/', (_request, response) => void answer(response));
  const server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

const never = new AbortController().signal;
const page = `data: ${'x'.repeat(100_000)}\n\n`;

it('a client that takes nothing is disconnected, and holds no more than what the system stores', async () => {
  let written = 0;
  let isOver = false;
  const port = await serve(async (response) => {
    response.locals['requestId'] = 'req_1';
    const stream = openEventStream(response, never, { heartbeatMs: 1_000, stalledMs: 200 });
    while (!response.destroyed) {
      await stream.write(page);
      written += 1;
    }
    stream.end();
    isOver = true;
  });
  const client = connect(port, '127.0.0.1');
  client.on('error', () => undefined);
  onTestFinished(() => void client.destroy());
  client.pause();
  client.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
  await waitFor(() => isOver);
  // Kernel buffers on loopback hold a few MiB; the process itself stopped after the first page they did not take.
  expect(written).toBeLessThan(500);
});

it('a client to which nothing happens is sent heartbeats', async () => {
  const stop = new AbortController();
  const port = await serve(async (response) => {
    response.locals['requestId'] = 'req_1';
    openEventStream(response, never, { heartbeatMs: 5, stalledMs: 1_000 });
  });
  const response = await fetch(`http://127.0.0.1:${port}/`, { signal: stop.signal });
  let text = '';
  for await (const chunk of response.body ?? []) {
    text += new TextDecoder().decode(chunk);
    if (text.split(': heartbeat\n\n').length > 3) break;
  }
  stop.abort();
  expect(text).toMatch(/^retry: 1000\n\n(: heartbeat\n\n)+$/);
});
