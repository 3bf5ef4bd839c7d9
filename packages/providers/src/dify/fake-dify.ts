import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

import type { App, Target } from '@sluice/config';
import { SluiceError, type UpstreamHandle } from '@sluice/contracts';
import { systemClock, type Clock } from '@sluice/runtime';
import { Agent } from 'undici';
import { expect, onTestFinished } from 'vitest';

import type { WorkflowCall, WorkflowPause, WorkflowProgress, WorkflowReply } from '../adapter.ts';
import { createAdapters } from '../registry.ts';

export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

export const apiKey = 'app-0123456789abcdef';
export const ids = { task_id: 'task-1', workflow_run_id: 'run-1' };
export const handle: UpstreamHandle = {
  provider: 'dify',
  state: 'started',
  sent_at_ms: expect.any(Number) as number,
  run_id: 'run-1',
  task_id: 'task-1',
  user: 'ann',
};

export const started = { event: 'workflow_started', ...ids, data: { id: 'run-1' } };
export const node = (id: string, data: object = {}) => ({
  event: 'node_finished',
  ...ids,
  data: { id, node_id: id, node_type: 'llm', title: id, index: 1, status: 'succeeded', ...data },
});
export const priced = (tokens: number, price: string | number, currency = 'USD') => ({
  execution_metadata: { total_tokens: tokens, total_price: price, currency },
});
export const ended = (data: object = {}) => ({
  event: 'workflow_finished',
  ...ids,
  data: { id: 'run-1', status: 'succeeded', outputs: { answer: 42 }, error: null, ...data },
});

export const ping = 'event: ping\n\n';
export const line = (event: object) => `data: ${JSON.stringify(event)}\n\n`;

/** Begins a stream; the test goes on with it, or ends it. */
export function stream(response: ServerResponse, ...events: object[]): ServerResponse {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write(ping + events.map(line).join(''));
  return response;
}

export function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

export const detail = (response: ServerResponse, status: string, more: object = {}) =>
  json(response, 200, { id: 'run-1', status, ...more });

export const notFound = (response: ServerResponse) =>
  json(response, 404, { code: 'not_found', message: 'Workflow run not found', status: 404 });

/** Which route of Dify a request is for; the first that matches. */
const patterns = {
  run: /\/workflows\/run$|-messages$/,
  events: /\/events\?/,
  messages: /\/messages\?/,
  logs: /\/logs\?/,
  stop: /\/stop$/,
  form: /\/form\//,
  upload: /\/files\/upload$/,
  detail: /./,
};
type RouteName = keyof typeof patterns;

/** A Dify that answers each route as the test says, and 404 elsewhere. */
export async function startDify(routes: Partial<Record<RouteName, Handler>>) {
  const requests: string[] = [];
  const bodies: unknown[] = [];
  const headers: IncomingMessage['headers'][] = [];
  const receive = async (request: IncomingMessage, response: ServerResponse) => {
    const { method, url = '' } = request;
    requests.push(`${method} ${url}`);
    headers.push(request.headers);
    bodies.push(await readBody(request));
    // The keys of the table above.
    const names = Object.keys(patterns) as RouteName[];
    const name = names.find((each) => patterns[each].test(url)) ?? 'detail';
    (routes[name] ?? ((_, answer) => notFound(answer)))(request, response);
  };
  return { ...(await listen(receive)), requests, bodies, headers };
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  if (request.headers['content-type'] !== 'application/json') return text || undefined;
  return JSON.parse(text);
}

async function listen(
  receive: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
) {
  let open = 0;
  const server = createServer((request, response) => void receive(request, response));
  server.on('connection', (socket) => {
    open += 1;
    socket.on('close', () => (open -= 1));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  // A server that listens on a port has an address.
  const { port } = server.address() as { port: number };
  return { port, openConnections: () => open };
}

interface Settings {
  port: number;
  clock?: Clock;
  idleMs?: number;
  firstByteMs?: number;
  app?: App;
}

/** Runs one call and keeps what the adapter told meanwhile. */
export function run(settings: Settings, call: Partial<WorkflowCall> = {}) {
  const dispatcher = new Agent();
  onTestFinished(async () => await dispatcher.destroy());
  const { clock = systemClock } = settings;
  const { log, handles, progress, ...callbacks } = recorder();
  const outcome = createAdapters({ dispatcher, clock })('dify').workflow?.({
    target: targetOf(settings),
    jobId: 'job_1',
    user: undefined,
    signal: new AbortController().signal,
    input: { inputs: { topic: 'queues' } },
    resume: undefined,
    formAnswer: undefined,
    ...callbacks,
    ...call,
  });
  if (!outcome) throw new Error('the adapter runs no workflows');
  return { outcome, reply: endOf(outcome), log, progress, handles };
}

/** The reply of a run that ends. */
function endOf(outcome: Promise<WorkflowReply | WorkflowPause>): Promise<WorkflowReply> {
  const reply = outcome.then((value) => {
    if (value.pause) throw new Error('the run is paused');
    return value;
  });
  // Some tests look at the outcome only.
  reply.catch(() => undefined);
  return reply;
}

function targetOf({ port, idleMs = 2_000, firstByteMs = 2_000, app }: Settings): Target {
  const provider = {
    name: 'dify',
    kind: 'dify',
    baseUrl: `http://127.0.0.1:${port}/v1`,
    apiKeys: [],
    headers: {},
    options: {},
    warm: false,
    timeouts: { firstByteMs, idleMs },
  };
  return {
    provider,
    model: 'flow',
    apiKeys: [apiKey],
    apiKey,
    lane: 'flow',
    price: undefined,
    facts: {},
    dropParams: false,
    ...(app && { app }),
  };
}

/** Keeps what the adapter tells, in order. */
function recorder() {
  const log: string[] = [];
  const progress: WorkflowProgress[] = [];
  const handles: UpstreamHandle[] = [];
  const keepHandle: WorkflowCall['keepHandle'] = async (kept) => {
    if (kept?.state !== 'started') {
      log.push(kept ? 'sent' : 'forgotten');
      return;
    }
    log.push('started');
    handles.push(kept);
    await new Promise((resolve) => setTimeout(resolve, 20));
    log.push('stored');
  };
  const onProgress: WorkflowCall['onProgress'] = (event) => {
    if (!event.type.startsWith('node_')) return;
    log.push(`${event.type} ${String(event.data['node_id'])}`);
    progress.push(event);
  };
  return { log, progress, handles, keepHandle, onProgress };
}

export async function failure(reply: Promise<WorkflowReply>): Promise<SluiceError> {
  const error = await reply.then(
    () => new Error('it succeeded'),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof SluiceError)) throw error;
  return error;
}

/** Sleeps without waiting, and remembers for how long it was asked to. */
export function impatientClock() {
  const pauses: number[] = [];
  const sleep = async (ms: number) => void pauses.push(ms);
  return { pauses, clock: { now: systemClock.now, sleep } satisfies Clock };
}
