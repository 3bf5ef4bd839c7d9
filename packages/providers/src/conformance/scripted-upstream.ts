import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** One call as it arrived. */
export interface ReceivedCall {
  method: string;
  /** With the query. */
  path: string;
  headers: IncomingHttpHeaders;
  /** JSON, parsed; of a form the values of each field, files as `{name, type, base64}`. */
  body: unknown;
  /** Resolves when the connection of the call is closed. */
  closed: Promise<void>;
}

/** Answers one call. It may keep the call open for as long as it likes. */
export type Script = (response: ServerResponse, call: ReceivedCall) => void | Promise<void>;

/** A real HTTP server that does to each call what the test says. */
export interface ScriptedUpstream {
  url: string;
  /** All calls in the order in which they came. */
  calls: ReceivedCall[];
  /** Connections that were ever made. */
  connectionCount(): number;
  /** What happens to the next calls, in order; the last one holds for all that follow. */
  script(...scripts: Script[]): void;
  close(): Promise<void>;
}

/** Starts a scripted upstream on a free port of 127.0.0.1. */
export async function startScriptedUpstream(): Promise<ScriptedUpstream> {
  const calls: ReceivedCall[] = [];
  const sockets = new Set<Socket>();
  let scripts: Script[] = [];
  const server = createServer((request, response) => {
    void receive(request).then(async (call) => {
      calls.push(call);
      const script = scripts.length > 1 ? scripts.shift() : scripts[0];
      if (!script) throw new Error(`no script for ${call.method} ${call.path}`);
      await script(response, call);
    });
  });
  // A test that keeps the process busy must not find its connections closed afterwards.
  server.keepAliveTimeout = 60_000;
  server.on('connection', (socket) => sockets.add(socket));
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  // A TCP server's address is an object.
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    calls,
    connectionCount: () => sockets.size,
    script: (...next) => {
      scripts = next;
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}

async function receive(request: IncomingMessage): Promise<ReceivedCall> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  // A kept connection has a listener for each of its calls.
  request.socket.setMaxListeners(0);
  return {
    method: request.method ?? '',
    path: request.url ?? '',
    headers: request.headers,
    body: await parseBody(bytes, request.headers['content-type']),
    closed: new Promise((resolve) => {
      request.socket.once('close', () => resolve());
    }),
  };
}

async function parseBody(bytes: Buffer, contentType = ''): Promise<unknown> {
  if (bytes.length === 0) return undefined;
  if (!contentType.startsWith('multipart/')) return JSON.parse(bytes.toString());
  const form = await new Response(new Uint8Array(bytes), {
    headers: { 'content-type': contentType },
  }).formData();
  const fields: Record<string, unknown[]> = {};
  for (const [name, value] of form) {
    fields[name] ??= [];
    fields[name].push(typeof value === 'string' ? value : await describeFile(value));
  }
  return fields;
}

async function describeFile(file: File): Promise<object> {
  const base64 = Buffer.from(await file.arrayBuffer()).toString('base64');
  return { name: file.name, type: file.type, base64 };
}
