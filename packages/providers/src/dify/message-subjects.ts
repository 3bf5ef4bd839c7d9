import type { AppKind } from '@sluice/contracts';

import { document } from '../conformance/scripts.ts';
import { dify } from './workflow-subject.ts';
import type { Subject } from '../conformance/subject.ts';

const ids = { task_id: 'task-1', message_id: 'msg-1', conversation_id: 'conv-1', created_at: 1 };
const usage = {
  prompt_tokens: 20,
  completion_tokens: 10,
  total_tokens: 30,
  total_price: '0.0012345',
  currency: 'USD',
};
const input = { inputs: { tone: 'freundlich' }, query: 'grüß dich 👋' };
const answer = 'Grüße aus 東京 🗼';

const request = {
  method: 'POST',
  path: '/v1/chat-messages',
  headers: { 'x-trace-id': 'job_1' },
  body: { ...input, user: 'ada', response_mode: 'streaming' },
};

const reply = {
  result: {
    type: 'workflow',
    status: 'succeeded',
    answer,
    outputs: { answer },
    error: null,
    task_id: 'task-1',
    conversation_id: 'conv-1',
    message_id: 'msg-1',
    total_tokens: 30,
    metadata: { usage },
  },
  usage: { input_tokens: 20, output_tokens: 10, total_tokens: 30, source: 'provider' },
  costUsd: '0.0012345',
};

function event(name: string, fields: object): string {
  return `data: ${JSON.stringify({ event: name, ...ids, ...fields })}\n\n`;
}

/** An app whose call cannot be found again once its stream broke, and may be made again. */
function messageApp(kind: AppKind, text: string): Subject {
  return {
    ...dify,
    name: `dify ${kind}`,
    told: { content: answer },
    call: async (adapter, call) =>
      await adapter.workflow?.({
        ...call,
        target: { ...call.target, app: { kind, onCrash: 'rerun', sessionTtlMs: 1 } },
        jobId: 'job_1',
        user: 'ada',
        input,
        resume: undefined,
        formAnswer: undefined,
        keepHandle: async () => undefined,
        onProgress: () => undefined,
      }),
    request,
    events: [
      `event: ping\n\n${event(text, { id: 'msg-1', answer: 'Grüße aus ' })}`,
      event('tts_message', { audio: '//8=' }),
      event(text, { id: 'msg-1', answer: '東京 🗼' }),
      event('message_end', { id: 'msg-1', metadata: { usage } }),
    ],
    reply,
    isRepeatable: true,
    afterBreak: undefined,
  };
}

/** Dify's basic chat apps. */
export const difyChat = messageApp('chat', 'message');

/** Dify's agents, which name the pieces of their answer otherwise. */
export const difyAgent = messageApp('agent', 'agent_message');

/** Dify's completion apps: another route, and the query is one of the inputs. */
export const difyCompletion: Subject = {
  ...messageApp('completion', 'message'),
  request: {
    ...request,
    path: '/v1/completion-messages',
    body: {
      inputs: { ...input.inputs, query: input.query },
      user: 'ada',
      response_mode: 'streaming',
    },
  },
};

const run = { workflow_run_id: 'run-1' };
const ended = {
  id: 'run-1',
  status: 'succeeded',
  outputs: { answer },
  error: null,
  elapsed_time: 1.25,
  total_tokens: 30,
  total_steps: 2,
};

/** Dify's chatflows: a message that a run of nodes says; it can be asked for once its stream broke. */
export const difyChatflow: Subject = {
  ...messageApp('chatflow', 'message'),
  events: [
    `event: ping\n\n${event('workflow_started', { ...run, data: { id: 'run-1' } })}`,
    event('message', { ...run, id: 'msg-1', answer: 'Grüße aus ' }),
    event('message', { ...run, id: 'msg-1', answer: '東京 🗼' }),
    event('message_end', { ...run, id: 'msg-1', metadata: { usage } }),
    event('workflow_finished', { ...run, data: ended }),
  ],
  reply: {
    ...reply,
    result: { ...reply.result, ...run, elapsed_time: 1.25, total_steps: 2 },
  },
  afterBreak: document({ ...ended, status: 'running', outputs: null }),
};
