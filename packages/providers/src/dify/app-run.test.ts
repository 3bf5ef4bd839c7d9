import { systemClock } from '@sluice/runtime';
import { Agent } from 'undici';
import { expect, test } from 'vitest';

import type { WorkflowReply } from '../adapter.ts';
import { EventReader } from '../http/event-reader.ts';
import { AppRun } from './app-run.ts';

const ids = { task_id: 'task-1', workflow_run_id: 'run-1' };
const head = { status: 200, headers: {} };

const events = [
  { event: 'workflow_started', ...ids, data: { id: 'run-1' } },
  {
    event: 'node_finished',
    ...ids,
    data: {
      id: 'a',
      node_id: 'ä→🙂',
      execution_metadata: { total_tokens: 7, total_price: '0.1', currency: 'USD' },
    },
  },
  {
    event: 'workflow_finished',
    ...ids,
    data: { status: 'succeeded', outputs: { text: 'ä→🙂' }, error: null, total_tokens: 7 },
  },
];
const text = `event: ping\n\n: comment\n\n${events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join('')}`;

/** What comes of the stream when its bytes arrive in these pieces. */
async function read(pieces: readonly Buffer[]): Promise<{ reply: WorkflowReply; log: string[] }> {
  const log: string[] = [];
  const dispatcher = new Agent();
  const provider = {
    name: 'dify',
    kind: 'dify',
    baseUrl: 'http://127.0.0.1:1',
    apiKeys: [],
    headers: {},
    options: {},
    warm: false,
    timeouts: { firstByteMs: 1, idleMs: 1 },
  };
  const target = {
    provider,
    model: 'flow',
    apiKeys: ['app-1'],
    apiKey: 'app-1',
    lane: 'flow',
    price: undefined,
    facts: {},
    dropParams: false,
  };
  const signal = new AbortController().signal;
  const run = new AppRun(
    { context: { http: { dispatcher, clock: systemClock }, target, signal } },
    {
      target,
      signal,
      jobId: 'job_1',
      user: undefined,
      input: { inputs: {} },
      resume: undefined,
      formAnswer: undefined,
      keepHandle: async (handle) => {
        log.push(`${handle?.state} ${handle?.run_id}`);
        await Promise.resolve();
        log.push('stored');
      },
      onProgress: ({ type, data }) => log.push(`${type} ${String(data['id'])}`),
    },
  );
  await run.handle.markSent(0);
  log.length = 0;
  const reader = new EventReader('dify', run.eventsOf(head));
  for (const piece of pieces) await reader.write(piece);
  const reply = run.conclude({ value: await reader.end(), headers: {} });
  if (reply.pause) throw new Error('the run is paused');
  return { reply, log };
}

const lineEnds = { LF: '\n', CRLF: '\r\n', CR: '\r' };

test.each(Object.entries(lineEnds))(
  'a run reads the same wherever its bytes are split, with %s',
  async (_, lineEnd) => {
    const bytes = Buffer.from(text.replaceAll('\n', lineEnd));
    const whole = await read([bytes]);
    expect(whole).toMatchObject({
      reply: { result: { outputs: { text: 'ä→🙂' } }, costUsd: '0.1' },
      log: ['started run-1', 'stored', 'workflow_started run-1', 'node_finished a'],
    });
    expect(await read([...bytes].map((byte) => Buffer.of(byte)))).toEqual(whole);
    for (let offset = 1; offset < bytes.length; offset += 1) {
      const halves = [bytes.subarray(0, offset), bytes.subarray(offset)];
      expect(await read(halves), `split at byte ${offset}`).toEqual(whole);
    }
  },
);

test('a stream that is cut anywhere before its last event is truncated, never half a result', async () => {
  const bytes = Buffer.from(text);
  const lastEvent = bytes.lastIndexOf('data: ');
  const codes = new Set<unknown>();
  for (let length = 1; length < lastEvent; length += 1) {
    const cut = read([bytes.subarray(0, length)]);
    const error: unknown = await cut.catch((thrown: unknown) => thrown);
    codes.add((error as { code?: unknown }).code);
  }
  expect([...codes]).toEqual(['upstream_truncated']);
});
