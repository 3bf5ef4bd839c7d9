import type { Route } from '../../server/dialect.ts';
import { openAiError } from '../errors.ts';
import { findModel, MODELS } from '../../models/catalogue.ts';
import type { Model } from '../../models/catalogue.ts';

const CREATED = 1_767_225_600;

/**
 * `GET /models` and `GET /models/:id`, for those who offer only some models without the rest.
 * @see https://platform.openai.com/docs/api-reference/models
 */
export function createModelsRoutes(offers: (model: Model) => boolean = () => true): Route[] {
  const ids = MODELS.filter(offers).map(({ id }) => id);
  return [
    {
      method: 'GET',
      path: '/models',
      kind: 'models',
      paid: false,
      prepare: () => respond({ object: 'list', data: ids.map(describeModel) }),
    },
    {
      method: 'GET',
      path: '/models/:id',
      kind: 'models',
      paid: false,
      prepare: ({ params: { id = '' } }) => {
        const model = findModel(id);
        if (model !== undefined && offers(model)) return respond(describeModel(id));
        const message = `The model '${id}' does not exist`;
        return { refusal: openAiError(404, { message, param: 'model', code: 'model_not_found' }) };
      },
    },
  ];
}

function respond(body: object): ReturnType<Route['prepare']> {
  return {
    answer: async (exchange) => {
      await exchange.reply({ status: 200, body: JSON.stringify(body) });
      exchange.settleByEnding();
    },
  };
}

function describeModel(id: string): object {
  return { id, object: 'model', created: CREATED, owned_by: 'sluice-simulator' };
}
