import type { CompletedJob } from '@sluice/contracts';
import { chatBody, completionBody, runReply, userBody, workflowBody } from '@sluice/dify';

import { runDetail } from '../dify/run-detail-route.ts';
import { difyFile } from '../dify/upload-route.ts';
import { difyConversations } from './describe-dify-conversations.ts';
import { completedChat } from './example-job.ts';
import type { RouteDescription } from './route-description.ts';

const ids = {
  task_id: 'c3800678-a077-43df-a102-53f23ed20b88',
  workflow_run_id: '5ad498e0-1f0a-4b52-8d0f-5a1a5a3f4c11',
};
const inputs = { query: 'Hello' };

const completed: CompletedJob = {
  ...completedChat,
  type: 'workflow',
  model: 'sim-workflow',
  startedAtMs: completedChat.createdAtMs + 120,
  endedAtMs: completedChat.createdAtMs + 1_360,
  result: {
    type: 'workflow',
    status: 'succeeded',
    outputs: { text: 'Hello!' },
    error: null,
    ...ids,
    workflow_id: 'fb47b2e6-5e43-4f90-be01-d5c5a088d156',
    elapsed_time: 1.24,
    total_tokens: 11,
    total_steps: 3,
  },
};

const message: CompletedJob = {
  ...completed,
  result: {
    type: 'workflow',
    status: 'succeeded',
    answer: 'Hello!',
    outputs: { answer: 'Hello!' },
    error: null,
    task_id: ids.task_id,
    message_id: '9da23599-e713-473b-982c-4328d4f5c78a',
    conversation_id: '45701982-8118-4bc5-8e9b-64562b4555f2',
    metadata: { usage: { prompt_tokens: 8, completion_tokens: 3, total_tokens: 11 } },
  },
};

const file = {
  fileId: 'file-01kbg3v0x2q7h5m9n4p6r8t0w200',
  tenantId: 'default',
  filename: 'note.txt',
  purpose: 'user_data' as const,
  mediaType: 'text/plain',
  createdAtMs: completed.createdAtMs,
  bytes: 5,
};

const answerOf = (job: CompletedJob, kind: 'workflow' | 'chat' | 'completion'): unknown =>
  runReply(job, { kind });

const runErrors = [
  'budget_exceeded',
  'queue_full',
  'overloaded',
  'expired',
  'upstream_error',
] as const;
const stop = {
  status: 200,
  answer: { result: 'success' },
  body: { schema: userBody, example: { user: 'ann' } },
};

/** The routes of Dify's API. */
export const difyRoutes: Readonly<Record<string, RouteDescription>> = {
  'post /v1/workflows/run': {
    summary: 'Dify’s run of a workflow app, whole or as events; `X-Dify-App-Id` names the app.',
    status: 200,
    answer: answerOf(completed, 'workflow'),
    errors: runErrors,
    body: { schema: workflowBody, example: { inputs, user: 'ann', response_mode: 'blocking' } },
  },
  'get /v1/workflows/run/:id': {
    summary: 'How a run stands, by Dify’s id of it or the job’s.',
    status: 200,
    answer: runDetail({ ...completed, input: { inputs } }),
  },
  'post /v1/workflows/tasks/:id/stop': { summary: 'Stop a run that waits or runs.', ...stop },
  'post /v1/chat-messages': {
    summary: 'Dify’s chat apps, chatflows and agents, whole or as events.',
    status: 200,
    answer: answerOf(message, 'chat'),
    errors: runErrors,
    body: { schema: chatBody, example: { query: 'Hello', inputs: {}, user: 'ann' } },
  },
  'post /v1/chat-messages/:id/stop': { summary: 'Stop an answer.', ...stop },
  'post /v1/completion-messages': {
    summary: 'Dify’s completion apps, whole or as events.',
    status: 200,
    answer: answerOf(message, 'completion'),
    errors: runErrors,
    body: { schema: completionBody, example: { inputs, user: 'ann' } },
  },
  'post /v1/completion-messages/:id/stop': { summary: 'Stop an answer.', ...stop },
  'post /v1/files/upload': {
    summary: 'Upload a file whose id a run takes as `upload_file_id`.',
    status: 201,
    answer: difyFile(file, 'ann'),
    errors: ['queue_full', 'overloaded'],
    form: {
      properties: {
        file: { type: 'string', format: 'binary' },
        user: { type: 'string' },
      },
      required: ['file', 'user'],
      example: { file: 'hello', user: 'ann' },
    },
  },
  'get /v1/parameters': {
    summary: 'The form of an app’s inputs and what it can do, as Dify says it.',
    status: 200,
    answer: {
      opening_statement: '',
      user_input_form: [{ paragraph: { label: 'Query', variable: 'query', required: true } }],
      file_upload: { image: { enabled: false } },
      system_parameters: { file_size_limit: 15 },
    },
    errors: ['upstream_auth', 'upstream_unreachable'],
    query: { user: 'taken, and says nothing' },
  },
  'get /v1/info': {
    summary: 'Name and kind of an app, as Dify says them.',
    status: 200,
    answer: {
      name: 'Support',
      description: '',
      tags: [],
      mode: 'advanced-chat',
      author_name: 'Ann',
    },
    errors: ['upstream_auth', 'upstream_unreachable'],
    query: { user: 'taken, and says nothing' },
  },
  'get /v1/meta': {
    summary: 'The icons of an app’s tools, as Dify says them.',
    status: 200,
    answer: { tool_icons: { search: { background: '#252525', content: '🔍' } } },
    errors: ['upstream_auth', 'upstream_unreachable'],
    query: { user: 'taken, and says nothing' },
  },
  'get /v1/site': {
    summary: 'How an app’s page at Dify looks.',
    status: 200,
    answer: { title: 'Support', icon_type: 'emoji', icon: '🤖', default_language: 'en-US' },
    errors: ['upstream_auth', 'upstream_unreachable'],
    query: { user: 'taken, and says nothing' },
  },
  ...difyConversations,
};
