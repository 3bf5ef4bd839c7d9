import { z } from 'zod';

import type { AppCall } from '../adapter.ts';
import { accountContext } from '../http/account.ts';
import { bearerHeader } from '../http/api-key.ts';
import { callDocument } from '../http/call-document.ts';
import type { HttpClient } from '../http/http-client.ts';
import { judgeDify } from './judge-dify.ts';

/**
 * What Dify says of an app, as it says it.
 * @see https://docs.dify.ai/api-reference/applications/get-app-parameters
 */
export async function readApp(http: HttpClient, call: AppCall): Promise<Record<string, unknown>> {
  const context = accountContext(http, call, judgeDify);
  const { value } = await callDocument(
    context,
    { method: 'GET', path: `/${call.what}`, headers: bearerHeader(context.target) },
    { schema: z.record(z.string(), z.unknown()), name: `the ${call.what} of the app` },
  );
  return value;
}
