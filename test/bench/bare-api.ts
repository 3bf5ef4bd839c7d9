import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { Queue } from 'bullmq';
import express, { type Request, type Response } from 'express';

/** The baseline of `accepts`: Express 5, its JSON parser and BullMQ, as anyone would put them together. */
const queue = new Queue('bare', { connection: { url: process.env['REDIS_URL'] ?? '' } });
const accept = async (request: Request, response: Response) => {
  const id = randomUUID();
  await queue.add('chat', request.body, { jobId: id, removeOnComplete: true });
  response.status(202).location(`/v1/jobs/${id}`).json({ id, state: 'queued' });
};

const app = express();
// Express 5 passes a rejection on by itself.
// oxlint-disable-next-line oxc/no-async-endpoint-handlers
app.post('/v1/jobs', express.json(), accept);
const server = createServer(app).listen(0, '127.0.0.1');
await once(server, 'listening');
// A TCP server's address is never a path.
const { port } = server.address() as AddressInfo;
process.send?.({ type: 'ready', url: `http://127.0.0.1:${port}` });
process.once('SIGTERM', () => process.exit(0));
process.once('disconnect', () => process.exit(0));
