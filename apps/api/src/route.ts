import type { RequestHandler } from 'express';

import type { ApiDeps } from './deps.ts';
import type { Access } from './middleware/authenticate.ts';
import type { ErrorFormat } from './middleware/handle-error.ts';

/** One route of the API. */
export interface ApiRoute {
  method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  path: string;
  /** The scope that a key needs here; `any` is any key, `open` none at all. */
  access: Access | 'open';
  /** How its errors are written, where that is not Sluice's way. */
  errors?: ErrorFormat;
  handler(deps: ApiDeps): RequestHandler;
}

type WithMethod = (
  path: string,
  access: ApiRoute['access'],
  handler: ApiRoute['handler'],
) => ApiRoute;

/** A route that is asked with GET: its path, who may, and what makes its handler. */
export const get: WithMethod = (path, access, handler) => ({
  method: 'get',
  path,
  access,
  handler,
});

/** The same for POST. */
export const post: WithMethod = (...route) => ({ ...get(...route), method: 'post' });

/** The same for PUT. */
export const put: WithMethod = (...route) => ({ ...get(...route), method: 'put' });

/** The same for PATCH. */
export const patch: WithMethod = (...route) => ({ ...get(...route), method: 'patch' });

/** The same for DELETE. */
export const remove: WithMethod = (...route) => ({ ...get(...route), method: 'delete' });

/** Routes whose errors are written in another vendor's way. */
export function withErrorsAs(errors: ErrorFormat, routes: readonly ApiRoute[]): ApiRoute[] {
  return routes.map((route) => ({ ...route, errors }));
}
