import type { LineFormats } from '@sluice/batches';
import type { Config } from '@sluice/config';

import { chatLines, embeddingLines, responseLines } from './openai-lines.ts';
import { workflowLines } from './workflow-lines.ts';

/** Requests and replies of lines are those of the API's routes; what is else in a line is in openai-lines.ts. */
export function lineFormats(config: Pick<Config, 'routes'>): LineFormats {
  return {
    '/v1/chat/completions': chatLines(config),
    '/v1/embeddings': embeddingLines,
    '/v1/responses': responseLines(config),
    '/v1/workflows/run': workflowLines(config),
  };
}
