import type { Request, Response } from 'express';

import { replyJson, requestIdOf } from '../http/reply.ts';
import { buildOpenApi, type DescribedRoute } from '../openapi/build-openapi.ts';
import { routeDescriptions } from '../openapi/describe-routes.ts';
import { renderDocs } from '../openapi/render-docs.ts';

/** `GET /openapi.json`: every route, error and webhook as OpenAPI 3.1, made at the first request. No key needed. */
export function openApiRoute(routes: readonly DescribedRoute[]) {
  let json: string | undefined;
  return (_request: Request, response: Response): void => {
    json ??= JSON.stringify(buildOpenApi(routes, routeDescriptions));
    replyJson(response, 200, json);
  };
}

/** `GET /docs`: the same for people, as one page that loads nothing. No key needed. */
export function docsRoute(routes: readonly DescribedRoute[]) {
  let page: string | undefined;
  return (_request: Request, response: Response): void => {
    page ??= renderDocs(buildOpenApi(routes, routeDescriptions));
    response.writeHead(200, {
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Security-Policy':
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
      'X-Content-Type-Options': 'nosniff',
      'Referrer-Policy': 'no-referrer',
      'X-Request-Id': requestIdOf(response),
    });
    response.end(page);
  };
}
