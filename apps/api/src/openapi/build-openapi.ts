import { z } from 'zod';

import { errorCodes } from '@sluice/contracts';
import { openaiCodes, openaiErrorTypes } from '@sluice/openai';

import { anthropicError, anthropicErrors } from '../anthropic/errors.ts';
import { difyErrors } from '../dify/errors.ts';
import { errorResponses, errorsOf } from './describe-errors.ts';
import { describeEvents } from './describe-events.ts';

import type { RouteDescription } from './route-description.ts';

type Json = Record<string, unknown>;

/** Of a route everything but its handler. */
export interface DescribedRoute {
  method: string;
  path: string;
  access: string;
  /** Absent: the usual form. */
  errors?: unknown;
}

export interface OpenApiDocument {
  openapi: '3.1.1';
  info: Json;
  paths: Record<string, Record<string, Json>>;
  webhooks: Record<string, { post: Json }>;
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
  return { openapi: '3.1.1', info, paths, webhooks: describeEvents(), components };
}

function operation(
  { method, path, access, errors }: DescribedRoute,
  description: RouteDescription,
): Json {
  const { summary, status, body, query = {}, answers = 'application/json' } = description;
  const { answer, form, errors: more = [] } = description;
  const schema = answers === 'application/json' ? { type: 'object' } : { type: 'string' };
  const inPath = pathParameters(path);
  const inQuery = queryParameters(query);
  const names = path.split(/[^A-Za-z]+/).filter(Boolean);
  return {
    operationId: [method, ...names].join('_'),
    summary,
    tags: [names.find((name) => !/^v$/.test(name)) ?? 'api'],
    ...(access === 'open' ? { security: [] } : { 'x-sluice-scope': access }),
    parameters: [...inPath, ...inQuery],
    ...(body && { requestBody: requestBody(body) }),
    ...(form && { requestBody: formBody(form) }),
    responses: {
      [String(status)]: {
        description: summary,
        ...(status !== 204 && { content: { [answers]: { schema, example: answer } } }),
      },
      ...errorsOf({
        access,
        inPath: inPath.length > 0,
        hasQuery: inQuery.length > 0,
        hasBody: body !== undefined || form !== undefined,
        more,
        form: errors === difyErrors ? 'Dify' : errors === anthropicErrors ? 'Anthropic' : '',
        status: errors === anthropicErrors ? anthropicErrors.status : undefined,
      }),
    },
  };
}

function pathParameters(path: string): Json[] {
  return [...path.matchAll(/:([a-z]+)/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
}

function queryParameters(query: Readonly<Record<string, string>>): Json[] {
  return Object.entries(query).map(([name, meaning]) => ({
    name,
    in: 'query',
    description: meaning,
    schema: { type: 'string' },
  }));
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

function formBody({ properties, required, example }: NonNullable<RouteDescription['form']>): Json {
  const schema = { type: 'object', required, properties };
  return { required: true, content: { 'multipart/form-data': { schema, example } } };
}

const components: Json = {
  securitySchemes: {
    bearer: { type: 'http', scheme: 'bearer' },
    header: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
  },
  responses: {
    ...errorResponses(),
    DifyError: {
      description: 'Refused, or failed, in Dify’s form.',
      content: {
        'application/json': {
          schema: { $ref: '#/components/schemas/DifyError' },
          example: {
            code: 'invalid_param',
            message: 'user: is missing',
            params: 'user',
            status: 400,
          },
        },
      },
    },
    AnthropicError: {
      description: 'Refused, or failed, in Anthropic’s form.',
      content: {
        'application/json': {
          schema: { $ref: '#/components/schemas/AnthropicError' },
          example: anthropicError(
            { code: 'invalid_request', message: 'max_tokens: is missing', param: 'max_tokens' },
            'req_01kbg3v0x2q7h5m9n4p6r8t0w2_1',
          ),
        },
      },
    },
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
            type: {
              enum: [
                ...new Set([
                  ...Object.values(errorCodes).map(({ type }) => type),
                  ...openaiErrorTypes,
                ]),
              ],
            },
            param: { type: ['string', 'null'] },
            code: { enum: [...Object.keys(errorCodes), ...openaiCodes] },
          },
        },
        request_id: { type: 'string' },
      },
    },
    DifyError: {
      type: 'object',
      required: ['code', 'message', 'status'],
      properties: {
        code: { type: 'string' },
        message: { type: 'string' },
        params: { type: 'string' },
        status: { type: 'integer' },
      },
    },
    AnthropicError: {
      type: 'object',
      required: ['type', 'error', 'request_id'],
      properties: {
        type: { const: 'error' },
        error: {
          type: 'object',
          required: ['type', 'message'],
          properties: {
            type: { type: 'string' },
            message: { type: 'string' },
            details: { type: 'object' },
          },
        },
        request_id: { type: 'string' },
      },
    },
    Event: {
      type: 'object',
      required: ['id', 'type', 'data'],
      properties: {
        id: { type: 'string' },
        type: { type: 'string' },
        timestamp: { type: 'string', format: 'date-time' },
        data: { type: 'object' },
      },
    },
  },
};
