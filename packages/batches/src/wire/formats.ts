import type { BatchEndpoint, BatchRequest, JobRecord } from '@sluice/contracts';

import { chatFormat } from './chat.ts';
import { embeddingFormat } from './embeddings.ts';
import { responseFormat } from './responses.ts';
import { workflowFormat } from './workflows.ts';

/** How requests and replies of an endpoint look on the wire. */
export interface LineFormat {
  /** @throws SluiceError `invalid_request`; `param` is the path in the body. */
  toRequest(body: Record<string, unknown>, apps: AppNames): BatchRequest;
  /** The body of the reply, of a job that has completed. */
  toReply(job: JobRecord): unknown;
}

/** Which names are those of apps: a chat with an app is a run of it. */
export interface AppNames {
  isApp(name: string): boolean;
  /** Whether it is asked a question; a workflow has variables only. */
  asksQuestion(name: string): boolean;
}

const formats: Record<BatchEndpoint, LineFormat> = {
  '/v1/chat/completions': chatFormat,
  '/v1/embeddings': embeddingFormat,
  '/v1/responses': responseFormat,
  '/v1/workflows/run': workflowFormat,
};

export function formatOf(endpoint: BatchEndpoint): LineFormat {
  return formats[endpoint];
}
