import { post, withErrorsAs } from '../route.ts';
import { countTokensRoute } from './count-tokens-route.ts';
import { anthropicErrors } from './errors.ts';
import { messagesRoute } from './messages-route.ts';

/** Routes of Anthropic's API; its models are with those of OpenAI, whose path they share. */
export const anthropicRoutes = withErrorsAs(anthropicErrors, [
  post('/v1/messages', 'submit', messagesRoute),
  post('/v1/messages/count_tokens', 'submit', countTokensRoute),
]);
