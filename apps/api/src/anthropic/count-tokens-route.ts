import type { Request, Response } from 'express';

import { parseWireBody } from '@sluice/config';
import { SluiceError, type ChatInput } from '@sluice/contracts';
import { estimateInputTokens } from '@sluice/metering';
import { resolveRoute } from '@sluice/routing';

import type { ApiDeps } from '../deps.ts';
import { readJson } from '../http/read-json.ts';
import { replyJson } from '../http/reply.ts';
import { messageBody, tidyMessageBody } from './messages/message-body.ts';
import { toMessageJob } from './messages/to-message-job.ts';

/** Body of `POST /v1/messages/count_tokens`: that of a message, without what only its answer needs. */
export const countBody = messageBody.omit({
  max_tokens: true,
  stop_sequences: true,
  stream: true,
  temperature: true,
  top_p: true,
  top_k: true,
  metadata: true,
  service_tier: true,
});

/** A limit of the answer says nothing of what goes in. */
const anyLimit = 1;

/**
 * `POST /v1/messages/count_tokens`: how many tokens a message would take as input, by the vocabulary of its model's vendor. Asks
 * no vendor, and costs nothing.
 * @see https://platform.claude.com/docs/en/api/messages/count_tokens
 */
export function countTokensRoute({ config, closing }: Pick<ApiDeps, 'config' | 'closing'>) {
  return async (request: Request, response: Response): Promise<void> => {
    const body = await readJson(request, config.server.maxBodyBytes);
    const parsed = parseWireBody(tidyMessageBody(body), countBody);
    const { submitted, refusal } = toMessageJob({ ...parsed, max_tokens: anyLimit });
    try {
      const [target] = resolveRoute(config, 'chat', parsed.model).targets;
      const options = { kind: target.provider.kind, model: target.model, signal: closing };
      // A message is always a chat.
      const tokens = await estimateInputTokens(submitted.input as ChatInput, options);
      replyJson(response, 200, JSON.stringify({ input_tokens: tokens }));
    } catch (error) {
      throw refusal(SluiceError.from(error));
    }
  };
}
