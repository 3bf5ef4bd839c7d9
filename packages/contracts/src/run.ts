import type { ChatInput, ChatResult } from './chat.ts';
import type { EmbeddingInput, EmbeddingResult } from './embedding.ts';
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

/** The result of such a job. */
export type RunResult =
  | ChatResult
  | EmbeddingResult
  | RerankResult
  | TranscriptionResult
  | WorkflowResult;

/** What a request names: its model, or its app. */
export function publicName(request: { model: string } | { app: string }): string {
  return 'app' in request ? request.app : request.model;
}
