import {
  SluiceError,
  type AppKind,
  type CompletedJob,
  type WorkflowResult,
} from '@sluice/contracts';
import { describe, expect, it } from 'vitest';

import { RunStream } from './run-stream.ts';

const jobId = 'job_1';
const at = '2026-11-27T12:00:00.000Z';
const ids = { task_id: 't1', workflow_run_id: 'r1', message_id: 'm1', conversation_id: 'c1' };

const result: WorkflowResult = {
  type: 'workflow',
  status: 'succeeded',
  answer: 'Hello',
  outputs: { answer: 'Hello' },
  error: null,
  ...ids,
};

// Of a job only what the stream reads.
const job = { jobId, createdAtMs: 1_000, state: 'completed', result } as CompletedJob;

function told(kind: AppKind, write: (stream: RunStream) => string): Record<string, unknown>[] {
  const stream = new RunStream({ jobId, kind, inputs: { query: 'Hi' } });
  return write(stream)
    .split('\n\n')
    .filter(Boolean)
    .map((frame) => JSON.parse(frame.replace(/^data: /, '')) as Record<string, unknown>);
}

const event = (type: string, data: Record<string, unknown> = {}) => ({ id: '1', type, at, data });
const start = (stream: RunStream) =>
  stream.event(event('queued')) + stream.event(event('upstream_started', ids));

describe('the events of a run', () => {
  it.each([
    ['chat', ['message', 'message_end'], ['task_id', 'message_id', 'conversation_id']],
    ['agent', ['agent_message', 'message_end'], ['task_id', 'message_id', 'conversation_id']],
    ['completion', ['message', 'message_end'], ['task_id', 'message_id']],
    [
      'chatflow',
      ['workflow_started', 'message', 'message_end', 'workflow_finished'],
      ['task_id', 'workflow_run_id', 'message_id', 'conversation_id'],
    ],
    [
      'workflow',
      ['workflow_started', 'text_chunk', 'workflow_finished'],
      ['task_id', 'workflow_run_id'],
    ],
  ] as const)('of a %s app have its names and ids', (kind, names, known) => {
    const hasRun = kind === 'workflow' || kind === 'chatflow';
    const events = told(kind, (stream) => {
      const begun = hasRun ? stream.event(event('workflow_started', { id: 'r1' })) : '';
      return start(stream) + begun + stream.delta({ content: 'Hello' }) + stream.end(job);
    });
    expect(events.map(({ event: name }) => name)).toEqual(names);
    // The first event of a run in this test comes before its ids.
    for (const one of events.slice(hasRun ? 1 : 0)) {
      for (const [name, value] of Object.entries(ids)) {
        const isShown = (known as readonly string[]).includes(name);
        expect([name, one[name]]).toEqual([name, isShown ? value : undefined]);
      }
    }
  });

  it('are told once, whoever tells them again', () => {
    const events = told('workflow', (stream) => {
      const node = { id: 'n', node_id: 'llm', index: 1 };
      const steps = ['workflow_started', 'node_started', 'node_started'];
      return (
        start(stream) +
        [...steps, ...steps].map((type) => stream.event(event(type, node))).join('') +
        stream.event(event('in_progress'))
      );
    });
    expect(events.map(({ event: name }) => name)).toEqual(['workflow_started', 'node_started']);
  });

  it('of a chatflow that failed are its end and an error', () => {
    const failed = { ...result, status: 'failed' as const, error: 'no tool' };
    const events = told('chatflow', (stream) => {
      const error = new SluiceError('workflow_failed', 'no tool');
      return start(stream) + stream.error(error, 'req_1', { ...job, result: failed });
    });
    expect(events).toMatchObject([
      { event: 'workflow_finished', data: { status: 'failed', error: 'no tool' } },
      { event: 'error', task_id: 't1', code: 'completion_request_error', message: 'no tool' },
    ]);
  });

  it('of a job that the cache answered have its own ids', () => {
    const events = told('chat', (stream) => stream.end({ ...job, cache: { status: 'hit' } }));
    expect(events).toMatchObject([{ task_id: jobId, message_id: jobId, conversation_id: '' }]);
  });
});
