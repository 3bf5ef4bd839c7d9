import { countBody } from '../anthropic/count-tokens-route.ts';
import { messageBody } from '../anthropic/messages/message-body.ts';
import { messageOf } from '../anthropic/messages/message.ts';
import { completedChat as completed } from './example-job.ts';
import type { RouteDescription } from './route-description.ts';

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
  'post /v1/messages/count_tokens': {
    summary: 'How many tokens a message would take as input; asks no vendor, and costs nothing.',
    status: 200,
    answer: { input_tokens: 11 },
    errors: ['model_not_found'],
    body: {
      schema: countBody,
      example: { model: 'sim-chat', messages: [{ role: 'user', content: 'Hello' }] },
    },
  },
};
