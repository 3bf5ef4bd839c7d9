import type {
  ChatResult,
  EmbeddingResult,
  RerankResult,
  TranscriptionResult,
  Usage,
} from '@sluice/contracts';

export interface ChatReply {
  result: ChatResult;
  /** Absent where the upstream said nothing: the caller estimates. */
  usage: Usage | undefined;
  upstreamRequestId: string | undefined;
}

export interface EmbeddingReply {
  result: EmbeddingResult;
  /** Absent where the upstream said nothing: the caller estimates. */
  usage: Usage | undefined;
  upstreamRequestId: string | undefined;
}

export interface RerankReply {
  result: RerankResult;
  /** Absent where the upstream said nothing: the caller estimates. */
  usage: Usage | undefined;
  upstreamRequestId: string | undefined;
}

export interface TranscriptionReply {
  result: TranscriptionResult;
  /** Tokens or seconds; absent where the upstream said nothing. */
  usage: Usage | undefined;
  upstreamRequestId: string | undefined;
}
