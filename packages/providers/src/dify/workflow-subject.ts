import { document } from '../conformance/scripts.ts';
import { bearer, serverSentEvents, type Subject } from '../conformance/subject.ts';

const ids = { task_id: 'task-1', workflow_run_id: 'run-1' };

function event(name: string, data: object): string {
  return `data: ${JSON.stringify({ event: name, ...ids, data })}\n\n`;
}

function node(id: string, type: string): object {
  return { id: `exec-${id}`, node_id: id, node_type: type, title: `${id} 節`, index: 1 };
}

const ended = {
  id: 'run-1',
  status: 'succeeded',
  outputs: { text: 'Grüße aus 東京 🗼' },
  error: null,
  elapsed_time: 1.25,
  total_tokens: 30,
  total_steps: 2,
};

/** Dify's workflow runs: two priced nodes, a ping without data between the events. */
export const dify: Subject = {
  kind: 'dify',
  told: { content: 'Grüße' },
  call: async (adapter, call) =>
    await adapter.workflow?.({
      ...call,
      jobId: 'job_1',
      user: 'ada',
      input: { inputs: { query: 'grüß dich 👋' } },
      resume: undefined,
      formAnswer: undefined,
      keepHandle: async () => undefined,
      onProgress: () => undefined,
    }),
  request: {
    method: 'POST',
    path: '/v1/workflows/run',
    headers: { 'x-trace-id': 'job_1' },
    body: { inputs: { query: 'grüß dich 👋' }, user: 'ada', response_mode: 'streaming' },
  },
  keyHeader: bearer,
  stream: serverSentEvents,
  events: [
    `event: ping\n\n${event('workflow_started', { id: 'run-1' })}`,
    event('node_started', node('llm', 'llm')),
    `event: ping\n\n${event('text_chunk', { text: 'Grüße' })}`,
    event('node_finished', {
      ...node('llm', 'llm'),
      status: 'succeeded',
      outputs: { usage: { prompt_tokens: 20, completion_tokens: 10 } },
      execution_metadata: { total_tokens: 30, total_price: '0.0012345', currency: 'USD' },
    }),
    event('workflow_finished', ended),
  ],
  document: undefined,
  reply: {
    result: {
      type: 'workflow',
      status: 'succeeded',
      outputs: { text: 'Grüße aus 東京 🗼' },
      error: null,
      workflow_run_id: 'run-1',
      task_id: 'task-1',
      elapsed_time: 1.25,
      total_tokens: 30,
      total_steps: 2,
    },
    usage: { input_tokens: 20, output_tokens: 10, total_tokens: 30, source: 'provider' },
    costUsd: '0.0012345',
  },
  dispensableEvents: 0,
  isRepeatable: false,
  keepAlive: 'event: ping\n\n',
  overloadedEvent: `data: ${JSON.stringify({
    event: 'error',
    ...ids,
    status: 400,
    code: 'completion_request_error',
    message: 'the model is overloaded',
  })}\n\n`,
  errorBody: ({ status, message, code }) => ({ code, message, status }),
  afterBreak: document({ ...ended, status: 'running', outputs: null }),
};
