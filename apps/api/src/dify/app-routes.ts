import type { Request, Response } from 'express';

import type { ApiDeps } from '../deps.ts';
import { readQuery } from '../http/query.ts';
import { replyJson } from '../http/reply.ts';
import type { AppFacts } from './app-book.ts';
import { chooseApp } from './choose-app.ts';

/** `GET /v1/parameters`: the form of an app's inputs, as Dify gives it. @see https://docs.dify.ai/api-reference/applications/get-app-parameters */
export const appParametersRoute = (deps: ApiDeps) => appRoute('parameters', deps);

/** `GET /v1/info`: an app's name and kind. */
export const appInfoRoute = (deps: ApiDeps) => appRoute('info', deps);

/** `GET /v1/meta`: the icons of an app's tools. */
export const appMetaRoute = (deps: ApiDeps) => appRoute('meta', deps);

/** `GET /v1/site`: how an app's page at Dify looks. */
export const appSiteRoute = (deps: ApiDeps) => appRoute('site', deps);

function appRoute(what: AppFacts, deps: ApiDeps) {
  return async (request: Request, response: Response): Promise<void> => {
    // Clients name their user, and the answer is the same for all.
    readQuery(request, ['user']);
    const { name } = chooseApp(request.headers, undefined, deps.config);
    replyJson(response, 200, JSON.stringify(await deps.apps.read(name, what)));
  };
}
