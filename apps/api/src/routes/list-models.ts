import type { Request, Response } from 'express';

import type { Config, Route } from '@sluice/config';

import { modelTypes } from '@sluice/contracts';

import type { ApiDeps } from '../deps.ts';
import { replyJson } from '../http/reply.ts';

/**
 * `GET /v1/models`: the configured models as OpenAI lists them, each with the `type` of its jobs; beside them `apps`, the Dify apps for jobs of type
 * `workflow`. `created` is when this process started: Sluice does not know when a model was made.
 */
export function listModelsRoute({ config, clock }: Pick<ApiDeps, 'config' | 'clock'>) {
  const json = modelList(config.routes, Math.floor(clock.now() / 1_000));
  return (_request: Request, response: Response): void => replyJson(response, 200, json);
}

function modelList(routes: Config['routes'], created: number): string {
  const entry = (object: string) => (route: Route) => ({
    id: route.name,
    object,
    type: route.type,
    created,
    owned_by: route.targets[0].provider.name,
  });
  return JSON.stringify({
    object: 'list',
    data: modelTypes.flatMap((type) => Object.values(routes[type])).map(entry('model')),
    apps: Object.values(routes.workflow).map(entry('app')),
  });
}
