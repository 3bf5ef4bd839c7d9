import type {
  ChatInput,
  ChatResult,
  EmbeddingInput,
  EmbeddingResult,
  UpstreamHandle,
  Usage,
  WorkflowInput,
  WorkflowResult,
} from '@sluice/contracts';
import type { Target } from '@sluice/config';

/**
 * A provider adapter makes exactly one upstream call: no retry, no sleep, no Redis. It streams where the upstream can, so
 * that a stuck call is seen, and returns a whole reply. Every failure is thrown as a SluiceError whose `retryable` and
 * `retryAfterMs` say what the upstream said. When `signal` aborts, the socket is closed and the call rejects with the
 * signal's reason if that is a SluiceError, else with `cancelled`.
 */
export interface ProviderAdapter {
  chat?(call: ChatCall): Promise<ChatReply>;
  embed?(call: EmbeddingCall): Promise<EmbeddingReply>;
  workflow?(call: WorkflowCall): Promise<WorkflowReply>;
}

export interface UpstreamCall {
  target: Target;
  jobId: string;
  /** The end user, as the client named them. */
  user: string | undefined;
  signal: AbortSignal;
  /**
   * Epoch milliseconds: a call that starts something upstream must have left by then, or not leave at all: it then rejects
   * with `permit_expired`. Absent is no bound.
   */
  sendByMs?: number | undefined;
}

export interface ChatCall extends UpstreamCall {
  input: ChatInput;
}

export interface ChatReply {
  result: ChatResult;
  /** Absent where the upstream said nothing: the caller estimates. */
  usage: Usage | undefined;
  upstreamRequestId: string | undefined;
}

export interface EmbeddingCall extends UpstreamCall {
  input: EmbeddingInput;
}

export interface EmbeddingReply {
  result: EmbeddingResult;
  /** Absent where the upstream said nothing: the caller estimates. */
  usage: Usage | undefined;
  upstreamRequestId: string | undefined;
}

export interface WorkflowCall extends UpstreamCall {
  input: WorkflowInput;
  /** A run that an earlier attempt started: attach to it, never start a second one. */
  resume: UpstreamHandle | undefined;
  /** Called with the first event, and awaited before anything else is read. */
  onStarted(handle: UpstreamHandle): Promise<void>;
  /** Called for each node that starts or ends. Must not throw. */
  onProgress(event: WorkflowProgress): void;
}

export interface WorkflowProgress {
  type: 'node_started' | 'node_finished';
  node_id: string;
  node_type: string;
  title: string;
  index: number;
  status?: string;
  elapsed_seconds?: number;
}

export interface WorkflowReply {
  result: WorkflowResult;
  usage: Usage | undefined;
  /** US dollars, as Dify summed them up over its nodes; absent where it gave no price. */
  costUsd: string | undefined;
  upstreamRequestId: string | undefined;
}
