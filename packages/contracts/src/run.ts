import type { ChatResult } from './chat-result.ts';
import type { ChatInput } from './chat.ts';
import type { EmbeddingInput, EmbeddingResult } from './embedding.ts';
import type { RawReply } from './raw-reply.ts';
import type { RerankInput, RerankResult } from './rerank.ts';
import type { TranscriptionInput, TranscriptionResult } from './transcription.ts';
import type { WorkflowInput, WorkflowResult } from './workflow.ts';

/** The input of a job that makes a call of its own. */
export type RunInput =
  | ChatInput
  | EmbeddingInput
  | RerankInput
  | TranscriptionInput
  | WorkflowInput;

/** The result of such a job; `raw` where the job asked for it and the upstream was called. */
export type RunResult = (
  | ChatResult
  | EmbeddingResult
  | RerankResult
  | TranscriptionResult
  | WorkflowResult
) & { raw?: RawReply };

/** What a request names: its model, or its app. */
export function publicName(request: { model: string } | { app: string }): string {
  return 'app' in request ? request.app : request.model;
}
