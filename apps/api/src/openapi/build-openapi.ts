import { z } from 'zod';

import { errorCodes, noticeTypes } from '@sluice/contracts';

import type { RouteDescription } from './describe-routes.ts';

type Json = Record<string, unknown>;

/** Of a route everything but its handler. */
export interface DescribedRoute {
  method: string;
  path: string;
  access: string;
}

export interface OpenApiDocument {
  openapi: '3.1.1';
  info: Json;
  paths: Record<string, Record<string, Json>>;
  webhooks: Json;
  components: Json;
}

/**
 * The API as OpenAPI 3.1, made from the route table and the zod contracts that check the requests.
 * @throws Error for a route without a description.
 * @see https://spec.openapis.org/oas/v3.1.1.html
 */
export function buildOpenApi(
  routes: readonly DescribedRoute[],
  descriptions: Readonly<Record<string, RouteDescription>>,
): OpenApiDocument {
  const paths: OpenApiDocument['paths'] = {};
  for (const route of routes) {
    const description = descriptions[`${route.method} ${route.path}`];
    if (!description) throw new Error(`${route.method} ${route.path} has no description`);
    const path = route.path.replace(/:([a-z]+)/g, '{$1}');
    (paths[path] ??= {})[route.method] = operation(route, description);
  }
  const info = {
    title: 'Sluice',
    version: '0.1.0',
    description: 'Queue-backed asynchronous jobs for LLM work.',
    license: { name: 'MIT', identifier: 'MIT' },
  };
  return { openapi: '3.1.1', info, paths, webhooks: webhooks(), components };
}

function operation({ method, path, access }: DescribedRoute, description: RouteDescription): Json {
  const { summary, status, body, query = {}, answers = 'application/json' } = description;
  const schema = answers === 'application/json' ? { type: 'object' } : { type: 'string' };
  const inPath = [...path.matchAll(/:([a-z]+)/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
  const inQuery = Object.entries(query).map(([name, meaning]) => ({
    name,
    in: 'query',
    description: meaning,
    schema: { type: 'string' },
  }));
  const names = path.split(/[^A-Za-z]+/).filter(Boolean);
  return {
    operationId: [method, ...names].join('_'),
    summary,
    tags: [names.find((name) => !/^v$/.test(name)) ?? 'api'],
    ...(access === 'open' ? { security: [] } : { 'x-sluice-scope': access }),
    parameters: [...inPath, ...inQuery],
    ...(body && { requestBody: requestBody(body) }),
    responses: {
      [String(status)]: { description: summary, content: { [answers]: { schema } } },
      default: { $ref: '#/components/responses/Error' },
    },
  };
}

function requestBody({ schema, example, optional }: NonNullable<RouteDescription['body']>): Json {
  // What OpenAPI cannot say (a transformation) is left open; the server checks it all the same.
  const { $schema: _dialect, ...json } = z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
  });
  return {
    required: optional !== true,
    content: { 'application/json': { schema: json, example } },
  };
}

function webhooks(): Json {
  const post = (name: string, summary: string) => ({
    post: {
      operationId: `webhook_${name.replace(/[^a-z]/g, '_')}`,
      summary,
      security: [],
      parameters: ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((header) => ({
        name: header,
        in: 'header',
        required: true,
        schema: { type: 'string' },
      })),
      requestBody: {
        content: { 'application/json': { schema: { $ref: '#/components/schemas/Event' } } },
      },
      responses: { '2XX': { description: 'The event was taken.' } },
    },
  });
  const notices = noticeTypes.map((type) => [type, post(type, `Event \`${type}\`.`)] as const);
  return {
    '<type>.<state>': post('job', 'The end of a job, such as `chat.completed`.'),
    ...Object.fromEntries(notices),
  };
}

const components: Json = {
  securitySchemes: {
    bearer: { type: 'http', scheme: 'bearer' },
    header: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
  },
  responses: {
    Error: {
      description: 'Refused, or failed.',
      content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
    },
  },
  schemas: {
    Error: {
      type: 'object',
      required: ['error', 'request_id'],
      properties: {
        error: {
          type: 'object',
          required: ['message', 'type', 'param', 'code'],
          properties: {
            message: { type: 'string' },
            type: { enum: [...new Set(Object.values(errorCodes).map(({ type }) => type))] },
            param: { type: ['string', 'null'] },
            code: { enum: Object.keys(errorCodes) },
          },
        },
        request_id: { type: 'string' },
      },
    },
    Event: {
      type: 'object',
      required: ['id', 'type', 'timestamp', 'data'],
      properties: {
        id: { type: 'string' },
        type: { type: 'string' },
        timestamp: { type: 'string', format: 'date-time' },
        data: { type: 'object' },
      },
    },
  },
};
