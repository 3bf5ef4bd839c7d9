import type { Request, Response } from 'express';

import { replyJson } from '../http/reply.ts';
import { protectPage } from '../middleware/protect-page.ts';
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
  const protect = protectPage({ styleSrc: ["'unsafe-inline'"] });
  let page: string | undefined;
  return (request: Request, response: Response): void => {
    page ??= renderDocs(buildOpenApi(routes, routeDescriptions));
    const html = page;
    protect(request, response, () => response.type('html').send(html));
  };
}
