import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';

import { onTestFinished } from 'vitest';

/** A conversation, or a message: who asks for its id as its user is told the canary. */
export interface KnownConversation {
  id: string;
  /** As Dify knows them. */
  user: string;
  canary: string;
}

/** A Dify that knows conversations and whose they are, and says of any other that there is none. Nothing changes it. */
export async function startConversations(
  known: readonly KnownConversation[],
): Promise<{ url: string }> {
  const server = createServer((request, response) => {
    void answer(request, known).then(({ status, body }) => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(body));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  // A server that listens on a port has an address.
  const { port } = server.address() as { port: number };
  return { url: `http://127.0.0.1:${port}` };
}

async function answer(request: IncomingMessage, known: readonly KnownConversation[]) {
  const url = new URL(request.url ?? '', 'http://dify');
  const user = url.searchParams.get('user') ?? (await userInBody(request));
  const own = known.filter((each) => each.user === user);
  const id = url.searchParams.get('conversation_id') ?? url.pathname.split('/')[3];
  const shown = own.filter((each) => id === undefined || each.id === id);
  const data = shown.map(({ canary }) => ({ canary, user }));
  if (id === undefined || shown.length > 0) return { status: 200, body: { data } };
  return { status: 404, body: { code: 'not_found', message: 'Not Exists.', status: 404 } };
}

async function userInBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  // A request without an encoding gives buffers.
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  // What the API has made of a body that it has checked.
  return (JSON.parse(String(Buffer.concat(chunks))) as { user: unknown }).user;
}
