import type {
  ChatInput,
  EmbeddingInput,
  JobRecord,
  RerankInput,
  RunResult,
  Usage,
} from '@sluice/contracts';
import { estimateEmbeddingUsage, estimateRerankUsage, estimateUsage } from '@sluice/metering';

/** An upstream that says nothing about tokens is counted for; a workflow's inner calls cannot be. */
export async function estimateOf(
  input: JobRecord['input'],
  result: RunResult,
): Promise<Usage | undefined> {
  // The type of the result is that of the job, which says which input it holds.
  switch (result.type) {
    case 'chat':
      return await estimateUsage(input as ChatInput, result);
    case 'embedding':
      return await estimateEmbeddingUsage(input as EmbeddingInput);
    case 'rerank':
      return await estimateRerankUsage(input as RerankInput);
    case 'transcription':
    case 'workflow':
      return undefined;
  }
}
