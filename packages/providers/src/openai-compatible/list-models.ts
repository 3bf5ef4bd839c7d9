import { z } from 'zod';

import {
  accountContext,
  listedModel,
  type ModelListCall,
  type ModelPage,
} from '../http/account.ts';
import { callDocument } from '../http/call-document.ts';
import type { HttpClient } from '../http/http-client.ts';
import type { Dialect } from './dialect.ts';

/** vLLM tells `max_model_len`, OpenRouter `context_length`, OpenAI neither. */
const model = z.object({
  id: z.string(),
  max_model_len: z.number().nullish(),
  context_length: z.number().nullish(),
});

/** Some servers, Together's for one, send the bare list. */
const modelList = z.union([z.object({ data: z.array(model) }), z.array(model)]);

/**
 * Every model in one page.
 * @see https://platform.openai.com/docs/api-reference/models/list
 */
export async function listModels(
  http: HttpClient,
  call: ModelListCall,
  { judge, ...request }: Dialect,
): Promise<ModelPage> {
  const context = accountContext(http, call, judge);
  const { value } = await callDocument(
    context,
    { method: 'GET', ...request },
    { schema: modelList, name: 'a list of models' },
  );
  const models = Array.isArray(value) ? value : value.data;
  return {
    models: models.map(({ id, max_model_len: served, context_length: routed }) =>
      listedModel(id, served ?? routed, undefined),
    ),
  };
}
