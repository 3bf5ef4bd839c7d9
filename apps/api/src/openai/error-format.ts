import { openaiError } from '@sluice/openai';

import type { ErrorFormat } from '../middleware/handle-error.ts';

/** Errors of OpenAI's routes. @see https://platform.openai.com/docs/guides/error-codes */
export const openaiErrors: ErrorFormat = {
  write: (error, requestId) => JSON.stringify({ error: openaiError(error), request_id: requestId }),
};
