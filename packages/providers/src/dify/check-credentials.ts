import { z } from 'zod';

import { accountContext, type AccountCall } from '../http/account.ts';
import { bearerHeader } from '../http/api-key.ts';
import { callDocument } from '../http/call-document.ts';
import type { HttpClient } from '../http/http-client.ts';
import { judgeDify } from './judge-dify.ts';

/**
 * Asks for the app's name, which costs nothing: a key is an app.
 * @see https://docs.dify.ai/api-reference/applications/get-application-basic-information
 */
export async function checkCredentials(http: HttpClient, call: AccountCall): Promise<void> {
  const context = accountContext(http, call, judgeDify);
  await callDocument(
    context,
    { method: 'GET', path: '/info', headers: bearerHeader(context.target) },
    { schema: z.object({ name: z.string() }), name: 'the name of the app' },
  );
}
