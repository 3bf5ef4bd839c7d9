import {
  chatBody,
  completionOf,
  embeddingsBody,
  inputItems,
  responseBody,
  responseObject,
  type KnownResponse,
} from '@sluice/openai';

import { completedChat as completed } from './example-job.ts';
import type { RouteDescription } from './route-description.ts';

const { jobId } = completed;
const response: KnownResponse = {
  ...completed,
  input: { messages: [{ role: 'user', content: 'Hello' }] },
  endedAtMs: completed.createdAtMs + 1_240,
  response: {},
};

const { result: _result, usage: _usage, ...withoutResult } = response;

/** Errors of every call that is answered with its result: those of the accept, and how a job may end. */
const callErrors = [
  'model_not_found',
  'idempotency_key_reused',
  'idempotency_key_in_use',
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
    answer: completionOf(completed, { jobId, model: 'sim-chat' }),
    errors: callErrors,
    body: {
      schema: chatBody,
      example: { model: 'sim-chat', messages: [{ role: 'user', content: 'Hello' }] },
    },
  },
  'post /v1/embeddings': {
    summary: 'OpenAI’s embeddings, as numbers or base64.',
    status: 200,
    answer: {
      object: 'list',
      data: [{ object: 'embedding', index: 0, embedding: [0.25, -0.5] }],
      model: 'sim-embedding',
      usage: { prompt_tokens: 2, total_tokens: 2 },
    },
    errors: callErrors,
    body: { schema: embeddingsBody, example: { model: 'sim-embedding', input: 'Hello' } },
  },
  'post /v1/responses': {
    summary:
      'OpenAI’s responses: whole, with `stream` as events, or with `background` at once, to be polled.',
    status: 200,
    answer: responseObject(response),
    errors: callErrors,
    body: { schema: responseBody, example: { model: 'sim-chat', input: 'Hello' } },
  },
  'get /v1/responses/:id': {
    summary: 'A response as it is now, or its events.',
    status: 200,
    answer: responseObject(response),
    query: {
      stream: '`true`: as server-sent events',
      starting_after: '`sequence_number` of the last event already had',
      include: 'taken, and says nothing',
      include_obfuscation: 'taken, and says nothing',
    },
  },
  'post /v1/responses/:id/cancel': {
    summary: 'Cancel a response that has not ended; one that has stays as it is.',
    status: 200,
    answer: responseObject({ ...withoutResult, state: 'cancelled' }),
  },
  'delete /v1/responses/:id': {
    summary: 'Erase an ended response.',
    status: 200,
    answer: { id: 'resp_01kbg3v0x2q7h5m9n4p6r8t0w200', object: 'response', deleted: true },
    errors: ['job_not_ended'],
  },
  'get /v1/responses/:id/input_items': {
    summary: 'What a response was asked.',
    status: 200,
    answer: {
      object: 'list',
      data: inputItems(jobId, [{ role: 'user', content: 'Hello' }]),
      first_id: 'item_01kbg3v0x2q7h5m9n4p6r8t0w200_0',
      last_id: 'item_01kbg3v0x2q7h5m9n4p6r8t0w200_0',
      has_more: false,
    },
    query: {
      order: '`desc` (as without it) or `asc`',
      limit: 'items in the page, 1 to 100',
      after: '`last_id` of the page before',
      include: 'taken, and says nothing',
    },
  },
  'get /v1/models/:id': {
    summary: 'One model or app.',
    status: 200,
    answer: {
      id: 'sim-chat',
      object: 'model',
      type: 'chat',
      created: 1_795_773_600,
      owned_by: 'simulator',
    },
    errors: ['model_not_found'],
  },
};
