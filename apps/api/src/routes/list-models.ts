import type { Request, Response } from 'express';

import { suggestName, type Config, type Route } from '@sluice/config';
import { modelTypes, SluiceError } from '@sluice/contracts';

import type { ApiDeps } from '../deps.ts';
import { replyJson } from '../http/reply.ts';

/** A model as OpenAI shows it, and the `type` of its jobs. */
interface ListedModel {
  id: string;
  object: 'model';
  type: Route['type'];
  /** Unix seconds: when this process started. Sluice does not know when a model was made. */
  created: number;
  owned_by: string;
}

/**
 * `GET /v1/models`: the configured models as OpenAI lists them, each with the `type` of its jobs, and the apps of Dify, which
 * answer in OpenAI's format as models do. `apps` has the apps alone. A name that is both is listed as the model that it calls.
 */
export function listModelsRoute({ config, clock }: Pick<ApiDeps, 'config' | 'clock'>) {
  const created = Math.floor(clock.now() / 1_000);
  const json = JSON.stringify({
    object: 'list',
    data: [...listedModels(config.routes, created).values()],
    apps: Object.values(config.routes.workflow).map((route) => ({
      ...listed(route, created),
      object: 'app',
    })),
  });
  return (_request: Request, response: Response): void => replyJson(response, 200, json);
}

/** `GET /v1/models/:id`: one of them. */
export function getModelRoute({ config, clock }: Pick<ApiDeps, 'config' | 'clock'>) {
  const models = listedModels(config.routes, Math.floor(clock.now() / 1_000));
  return (request: Request, response: Response): void => {
    const id = String(request.params['id']);
    const model = models.get(id);
    if (!model) {
      const message = `there is no model "${id.slice(0, 128)}"; ${suggestName(id, [...models.keys()])}`;
      throw new SluiceError('model_not_found', message, { param: 'model' });
    }
    replyJson(response, 200, JSON.stringify(model));
  };
}

function listedModels(routes: Config['routes'], created: number): Map<string, ListedModel> {
  const all = [...modelTypes, 'workflow' as const].flatMap((type) => Object.values(routes[type]));
  const models = new Map<string, ListedModel>();
  for (const route of all) {
    if (!models.has(route.name)) models.set(route.name, listed(route, created));
  }
  return models;
}

function listed({ name, type, targets }: Route, created: number): ListedModel {
  return { id: name, object: 'model', type, created, owned_by: targets[0].provider.name };
}
