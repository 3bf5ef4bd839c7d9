import { z } from 'zod';

import {
  accountContext,
  listedModel,
  type ModelListCall,
  type ModelPage,
} from '../http/account.ts';
import { keyHeader } from '../http/api-key.ts';
import { callDocument } from '../http/call-document.ts';
import type { HttpClient } from '../http/http-client.ts';
import { judgeGemini } from './judge-gemini.ts';

/** An account without models gets `{}`. */
const modelList = z.object({
  models: z
    .array(
      z.object({
        name: z.string(),
        inputTokenLimit: z.number().nullish(),
        outputTokenLimit: z.number().nullish(),
      }),
    )
    .default([]),
  nextPageToken: z.string().nullish(),
});

/**
 * One page of models, as large as can be had.
 * @see https://ai.google.dev/api/models#method:-models.list
 */
export async function listModels(http: HttpClient, call: ModelListCall): Promise<ModelPage> {
  const context = accountContext(http, call, judgeGemini);
  const { page, provider } = call;
  const { value } = await callDocument(
    context,
    {
      method: 'GET',
      path: `/${provider.options['apiVersion'] ?? 'v1beta'}/models`,
      query: { pageSize: '1000', ...(page !== undefined && { pageToken: page }) },
      headers: keyHeader(context.target, 'x-goog-api-key'),
    },
    { schema: modelList, name: 'a list of models' },
  );
  const models = value.models.map(({ name, inputTokenLimit, outputTokenLimit }) =>
    listedModel(name.replace(/^models\//, ''), inputTokenLimit, outputTokenLimit),
  );
  return { models, ...(value.nextPageToken && { next: value.nextPageToken }) };
}
