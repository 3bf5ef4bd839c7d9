import {
  changeEndpoint,
  createEndpoint,
  redeliverSince,
  registerEndpoint,
  rotateSecret,
} from '@sluice/contracts';

import { answers } from './answer-examples.ts';
import type { RouteDescription } from './route-description.ts';

const page = { limit: 'entries in the page', after: '`next_cursor` of the page before' };

/** The routes of webhook endpoints and of what was delivered to them. */
export const webhookRoutes: Readonly<Record<string, RouteDescription>> = {
  'post /v1/webhooks': {
    summary: 'A webhook endpoint. The answer holds its secret, this once.',
    status: 201,
    answer: answers.newEndpoint,
    errors: ['blocked_address'],
    body: {
      schema: createEndpoint,
      example: { url: 'https://example.com/hook', events: ['workflow.*', '*.failed'] },
    },
  },
  'post /v1/webhooks/register': {
    summary: 'A webhook endpoint, in the words of other gateways.',
    status: 201,
    answer: answers.newEndpoint,
    errors: ['blocked_address'],
    body: {
      schema: registerEndpoint,
      example: {
        provider: 'dify',
        callback_url: 'https://example.com/hook',
        events: ['workflow.completed'],
      },
    },
  },
  'get /v1/webhooks': {
    summary: 'The tenant’s endpoints.',
    status: 200,
    answer: answers.endpoints,
  },
  'get /v1/webhooks/:id': { summary: 'One endpoint.', status: 200, answer: answers.endpoint },
  'patch /v1/webhooks/:id': {
    summary: 'Change an endpoint; enabling it sends what was parked.',
    status: 200,
    answer: answers.endpoint,
    errors: ['blocked_address'],
    body: { schema: changeEndpoint, example: { enabled: true } },
  },
  'delete /v1/webhooks/:id': {
    summary: 'Remove an endpoint.',
    status: 200,
    answer: answers.deletedEndpoint,
  },
  'post /v1/webhooks/:id/rotate-secret': {
    summary: 'A new secret; the old one signs too until the overlap ends.',
    status: 200,
    answer: answers.newEndpoint,
    body: { schema: rotateSecret, example: { overlap_seconds: 86_400 }, optional: true },
  },
  'post /v1/webhooks/:id/test': {
    summary: 'Send a `webhook.test` event.',
    status: 202,
    answer: answers.delivery,
  },
  'get /v1/webhooks/:id/deliveries': {
    summary: 'What became of every event, the newest first.',
    status: 200,
    answer: answers.deliveries,
    query: { state: 'pending, delivered, failed or parked', ...page },
  },
  'post /v1/webhooks/:id/redeliver': {
    summary: 'Send again what was not delivered since a time.',
    status: 202,
    answer: answers.redelivery,
    body: { schema: redeliverSince, example: { since: '2026-11-21T00:00:00Z' } },
  },
  'get /v1/deliveries/:id': {
    summary: 'One delivery: every request, what came back, and the start of what it carries.',
    status: 200,
    answer: answers.deliveryDetail,
  },
  'post /v1/deliveries/:id/redeliver': {
    summary: 'Send one event again.',
    status: 202,
    answer: answers.delivery,
  },
};
