import { z } from 'zod';

import { accountContext, type ModelListCall, type ModelPage } from '../http/account.ts';
import { bearerHeader } from '../http/api-key.ts';
import { callDocument } from '../http/call-document.ts';
import type { HttpClient } from '../http/http-client.ts';
import { judgeOllama } from './judge-ollama.ts';

const tags = z.object({ models: z.array(z.object({ name: z.string() })) });

/**
 * The models that were pulled, in one page.
 * @see https://docs.ollama.com/api/tags
 */
export async function listModels(http: HttpClient, call: ModelListCall): Promise<ModelPage> {
  const context = accountContext(http, call, judgeOllama);
  const { value } = await callDocument(
    context,
    { method: 'GET', path: '/api/tags', headers: bearerHeader(context.target) },
    { schema: tags, name: 'a list of models' },
  );
  return { models: value.models.map(({ name: id }) => ({ id })) };
}
