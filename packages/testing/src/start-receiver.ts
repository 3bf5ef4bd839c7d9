import { once } from 'node:events';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

import { waitFor } from './wait-for.ts';

/** One request as it arrived. */
export interface ReceivedRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** The bytes: what a signature covers. */
  readonly rawBody: Buffer;
  /** Milliseconds since the epoch, when the body was complete. */
  readonly receivedAtMs: number;
}

/** How to answer one request. */
export interface ScriptedReply {
  /** 200 by default. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Time between request and answer; 0 by default. */
  readonly delayMs?: number;
  /** `never` leaves the request open, `reset` cuts the connection. */
  readonly fault?: 'never' | 'reset';
}

/** A real HTTP server that records what it is sent. */
export interface Receiver {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  readonly requests: readonly ReceivedRequest[];
  /** The next requests get these answers, one each; later ones get 200. */
  script(...replies: ScriptedReply[]): void;
  /** Answers that hold from now on for every request without a scripted one. */
  otherwise(reply: ScriptedReply): void;
  /** Resolves with the first `count` requests once they are there. */
  waitForRequests(count: number, timeoutMs?: number): Promise<readonly ReceivedRequest[]>;
  /** Stops listening and cuts all connections. */
  close(): Promise<void>;
}

/** Starts a receiver on a free port of 127.0.0.1. Close it when the test ends. */
export async function startReceiver(): Promise<Receiver> {
  const requests: ReceivedRequest[] = [];
  const replies: ScriptedReply[] = [];
  let fallback: ScriptedReply = {};
  const server = createServer((request, response) => {
    void handle(request, response); // A cut connection is the sender's affair, not the server's.
  });
  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const received = await readRequest(request);
    if (!received) return;
    requests.push(received);
    await answer(response, replies.shift() ?? fallback);
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    script: (...more) => void replies.push(...more),
    otherwise: (reply) => void (fallback = reply),
    waitForRequests: async (count, timeoutMs = 5_000) => {
      const enough = () => requests.length >= count;
      const description = `${count} requests (${requests.length} at the start of waiting)`;
      await waitFor(enough, { timeoutMs, description });
      return requests.slice(0, count);
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Undefined when the sender went away before its request was complete. */
async function readRequest(request: IncomingMessage): Promise<ReceivedRequest | undefined> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of request) chunks.push(Buffer.from(chunk));
  } catch {
    return undefined;
  }
  return {
    method: request.method ?? '',
    path: request.url ?? '',
    headers: request.headers,
    rawBody: Buffer.concat(chunks),
    receivedAtMs: Date.now(),
  };
}

async function answer(response: ServerResponse, reply: ScriptedReply): Promise<void> {
  if (reply.delayMs) await sleep(reply.delayMs);
  if (reply.fault === 'never' || response.destroyed) return;
  if (reply.fault === 'reset') {
    response.destroy();
    return;
  }
  response.writeHead(reply.status ?? 200, reply.headers);
  response.end(reply.body ?? '');
}
