import type { Route } from '../../server/dialect.ts';
import { isNewest } from '../api-version.ts';
import { errorReply } from '../errors.ts';
import { readCountRequest } from './read-message-request.ts';

/**
 * `POST /v1/messages/count_tokens`, which is free.
 * @see https://platform.claude.com/docs/en/api/messages/count_tokens
 */
export function createCountTokensRoute(): Route {
  return {
    method: 'POST',
    path: '/v1/messages/count_tokens',
    kind: 'count-tokens',
    paid: false,
    prepare: (call) => {
      const question = readCountRequest(call.json, isNewest(call));
      if ('status' in question) return { refusal: errorReply(question, call) };
      const body = JSON.stringify({ input_tokens: question.prompt.tokens });
      return {
        model: question.modelId,
        answer: async (exchange) => {
          await exchange.reply({ status: 200, body });
          exchange.settleByEnding();
        },
      };
    },
  };
}
