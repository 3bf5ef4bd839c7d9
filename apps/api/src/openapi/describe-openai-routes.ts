import { chatBody } from '../openai/chat/chat-body.ts';
import { completionOf } from '../openai/chat/completion.ts';
import type { CompletedJob } from '../sync/wire-format.ts';
import type { RouteDescription } from './route-description.ts';

const completed: CompletedJob = {
  jobId: 'job_01kbg3v0x2q7h5m9n4p6r8t0w200',
  tenantId: 'default',
  type: 'chat',
  model: 'sim-chat',
  priority: 'normal',
  lane: 'simulator',
  createdAtMs: 1_795_773_600_000,
  startByMs: 1_795_773_900_000,
  deadlineMs: 1_795_777_200_000,
  attemptTimeoutMs: 600_000,
  cacheMode: 'default',
  state: 'completed',
  attempts: [],
  targetIndex: 0,
  interruptions: 0,
  calls: 1,
  retries: 0,
  result: {
    type: 'chat',
    message: { role: 'assistant', content: 'Hello!' },
    finish_reason: { unified: 'stop', raw: 'stop' },
  },
  usage: { input_tokens: 8, output_tokens: 3, total_tokens: 11, source: 'provider' },
};
const { jobId } = completed;

/** Errors of every call that is answered with its result: those of the accept, and how a job may end. */
const callErrors = [
  'model_not_found',
  'idempotency_key_reused',
  'wrong_body_format',
  'budget_exceeded',
  'overloaded',
  'queue_full',
  'expired',
  'upstream_error',
] as const;

/** The routes of OpenAI's API. */
export const openaiRoutes: Readonly<Record<string, RouteDescription>> = {
  'post /v1/chat/completions': {
    summary:
      'OpenAI’s chat completions with any configured model or app of Dify, whole or with `stream` as server-sent events.',
    status: 200,
    answer: JSON.parse(completionOf(completed, { jobId, model: 'sim-chat' })),
    errors: callErrors,
    body: {
      schema: chatBody,
      example: { model: 'sim-chat', messages: [{ role: 'user', content: 'Hello' }] },
    },
  },
};
