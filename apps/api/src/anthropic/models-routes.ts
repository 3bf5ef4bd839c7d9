import type { Request, RequestHandler, Response } from 'express';

import { suggestName } from '@sluice/config';
import { SluiceError } from '@sluice/contracts';

import type { ApiDeps } from '../deps.ts';
import { readQuery, wholeNumber } from '../http/query.ts';
import { replyJson } from '../http/reply.ts';
import { writeErrorsAs } from '../middleware/handle-error.ts';
import { anthropicErrors } from './errors.ts';

const defaultLimit = 20;
const maxLimit = 1_000;

/** The same path at two vendors: whoever sends `anthropic-version` is answered as Anthropic does. */
export function inEitherFormat(anthropic: RequestHandler, other: RequestHandler): RequestHandler {
  const writeErrors = writeErrorsAs(anthropicErrors);
  return (request, response, next) => {
    if (request.headers['anthropic-version'] === undefined) return other(request, response, next);
    writeErrors(request, response, () => undefined);
    return anthropic(request, response, next);
  };
}

/**
 * `GET /v1/models` of Anthropic's: the models that a message may name, by their names, in pages.
 * @see https://platform.claude.com/docs/en/api/models/list
 */
export function listMessageModelsRoute({ config, clock }: Pick<ApiDeps, 'config' | 'clock'>) {
  const models = listed(config.routes.chat, clock.now());
  return (request: Request, response: Response): void => {
    const query = readQuery(request, ['limit', 'after_id', 'before_id']);
    const range = { from: 1, to: maxLimit };
    const limit = wholeNumber('limit', query.limit ?? String(defaultLimit), range);
    const { rest, isBackwards } = behind(models, query);
    const data = isBackwards ? rest.slice(-limit) : rest.slice(0, limit);
    const ends = { first_id: data[0]?.id ?? null, last_id: data.at(-1)?.id ?? null };
    const page = { data, has_more: data.length < rest.length, ...ends };
    replyJson(response, 200, JSON.stringify(page));
  };
}

/** `GET /v1/models/:id` of Anthropic's. */
export function getMessageModelRoute({ config, clock }: Pick<ApiDeps, 'config' | 'clock'>) {
  const models = listed(config.routes.chat, clock.now());
  return (request: Request, response: Response): void => {
    const id = String(request.params['id']);
    const model = models.find((each) => each.id === id);
    if (model) return replyJson(response, 200, JSON.stringify(model));
    const names = models.map((each) => each.id);
    const message = `there is no model "${id.slice(0, 128)}"; ${suggestName(id, names)}`;
    throw new SluiceError('model_not_found', message, { param: 'model' });
  };
}

interface ListedModel {
  type: 'model';
  id: string;
  display_name: string;
  /** When this process started: Sluice does not know when a model was made. */
  created_at: string;
}

function listed(routes: ApiDeps['config']['routes']['chat'], nowMs: number): ListedModel[] {
  const createdAt = new Date(nowMs).toISOString();
  return Object.keys(routes).map((name) => ({
    type: 'model',
    id: name,
    display_name: name,
    created_at: createdAt,
  }));
}

/** @throws SluiceError for an id that is not in the list, and for both at once. */
function behind(
  models: readonly ListedModel[],
  { after_id: after, before_id: before }: { after_id?: string; before_id?: string },
): { rest: readonly ListedModel[]; isBackwards: boolean } {
  const placeOf = (param: string, id: string) => {
    const place = models.findIndex((model) => model.id === id);
    if (place !== -1) return place;
    throw refuse(param, `there is no model "${id.slice(0, 128)}"`);
  };
  if (after !== undefined && before !== undefined) {
    throw refuse('before_id', 'excludes after_id; give one of them');
  }
  if (before !== undefined) {
    return { rest: models.slice(0, placeOf('before_id', before)), isBackwards: true };
  }
  const start = after === undefined ? 0 : placeOf('after_id', after) + 1;
  return { rest: models.slice(start), isBackwards: false };
}

function refuse(param: string, message: string): SluiceError {
  return new SluiceError('invalid_request', `${param}: ${message}`, { param });
}
