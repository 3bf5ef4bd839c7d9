import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { onTestFinished } from 'vitest';

/** What the server was asked. */
export interface SeenRequest {
  method: string;
  /** With its query. */
  path: string;
  headers: IncomingMessage['headers'];
  body: string;
}

/** Answers one request. */
export type Answer = (response: ServerResponse, request: SeenRequest) => void;

/** An HTTP server that gives one answer after the other, the last one for ever; it stops with the test. */
export async function startScriptedApi(
  ...answers: [Answer, ...Answer[]]
): Promise<{ url: string; seen: SeenRequest[] }> {
  const seen: SeenRequest[] = [];
  const server = createServer((incoming, response) => {
    let body = '';
    incoming.setEncoding('utf8');
    incoming.on('data', (text: string) => (body += text));
    incoming.on('end', () => {
      const { method = '', url: path = '', headers } = incoming;
      const request = { method, path, headers, body };
      const answer = answers[Math.min(seen.length, answers.length - 1)];
      seen.push(request);
      answer?.(response, request);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  // A TCP server's address is never a path.
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, seen };
}

export function json(status: number, body: unknown, headers: Record<string, string> = {}): Answer {
  return (response) => {
    response.writeHead(status, { 'Content-Type': 'application/json', ...headers });
    response.end(JSON.stringify(body));
  };
}

/** An error in the API's form. */
export function refusal(
  status: number,
  code: string,
  headers: Record<string, string> = {},
): Answer {
  const error = { code, message: `it is ${code}`, type: 'a_type', param: 'input.messages' };
  return json(status, { error, request_id: 'req_1' }, { 'X-Request-Id': 'req_1', ...headers });
}

/** The connection breaks before an answer. */
export const cut: Answer = (response) => response.destroy();

/** Server-sent events; then the stream ends, or breaks. */
export function events(
  list: readonly { id: string; type: string; [more: string]: unknown }[],
  then: 'end' | 'break' = 'end',
): Answer {
  return (response) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    response.write(': open\n\n');
    for (const event of list) {
      response.write(`id: ${event.id}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
    }
    if (then === 'end') response.end();
    else setTimeout(() => response.destroy(), 20);
  };
}
