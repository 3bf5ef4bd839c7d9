import type { CompletedJob } from '@sluice/contracts';

import { messageBody } from '../anthropic/messages/message-body.ts';
import { messageOf } from '../anthropic/messages/message.ts';
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
const asked = {
  jobId: completed.jobId,
  model: 'sim-chat',
  stopSequences: [],
  showsThoughts: false,
};

/** The routes of Anthropic's API. */
export const anthropicRoutes: Readonly<Record<string, RouteDescription>> = {
  'post /v1/messages': {
    summary:
      'Anthropic’s messages with any configured model, whole or with `stream` as server-sent events.',
    status: 200,
    answer: JSON.parse(messageOf(completed, asked)),
    errors: [
      'model_not_found',
      'idempotency_key_reused',
      'idempotency_key_in_use',
      'budget_exceeded',
      'overloaded',
      'queue_full',
      'expired',
      'upstream_error',
    ],
    body: {
      schema: messageBody,
      example: {
        model: 'sim-chat',
        max_tokens: 1_024,
        messages: [{ role: 'user', content: 'Hello' }],
      },
    },
  },
};
