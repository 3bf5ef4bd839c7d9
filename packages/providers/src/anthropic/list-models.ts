import { z } from 'zod';

import {
  accountContext,
  listedModel,
  type ModelListCall,
  type ModelPage,
} from '../http/account.ts';
import { callDocument } from '../http/call-document.ts';
import type { UpstreamRequest } from '../http/call-upstream.ts';
import type { HttpClient } from '../http/http-client.ts';
import { judgeAnthropic } from './judge-anthropic.ts';

const modelList = z.object({
  data: z.array(
    z.object({
      id: z.string(),
      max_input_tokens: z.number().nullish(),
      max_tokens: z.number().nullish(),
    }),
  ),
  has_more: z.boolean().nullish(),
  last_id: z.string().nullish(),
});

/**
 * One page of models, as large as can be had.
 * @see https://platform.claude.com/docs/en/api/models/list
 */
export async function listModels(
  http: HttpClient,
  call: ModelListCall,
  request: Pick<UpstreamRequest, 'path' | 'headers'>,
): Promise<ModelPage> {
  const { page } = call;
  const query = { limit: '1000', ...(page !== undefined && { after_id: page }) };
  const { value } = await callDocument(
    accountContext(http, call, judgeAnthropic),
    { method: 'GET', query, ...request },
    { schema: modelList, name: 'a list of models' },
  );
  const models = value.data.map(({ id, max_input_tokens: input, max_tokens: output }) =>
    listedModel(id, input, output),
  );
  const next = value.has_more ? value.last_id : undefined;
  return { models, ...(next && { next }) };
}
