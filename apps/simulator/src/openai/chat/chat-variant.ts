import type { Reply } from '../../server/call.ts';
import type { ChatRequest } from './read-chat-request.ts';

/** How another vendor who speaks this protocol differs from OpenAI. */
export type ChatVariant = {
  /** Whether begins of prompts that were seen before are cheaper. */
  cachesPrompts: boolean;
  /** Tokens charged to the token windows at admission. */
  reserveTokens(request: ChatRequest): number;
  /** A refusal of a request that is valid. */
  refuse(request: ChatRequest): Reply | undefined;
  /** Fields a whole answer has besides OpenAI's. */
  answerFields: object;
  /** A chunk that comes before all others of a stream. */
  leadingChunk: object | undefined;
  /** Fields a choice has besides OpenAI's; in a stream, where the text of a chunk may be empty, too. */
  choiceFields(hasContent: boolean): object;
};

/** OpenAI itself: max(max_tokens, estimate of the input) is reserved, and not given back. */
export const OPENAI_CHAT: ChatVariant = {
  cachesPrompts: true,
  reserveTokens: ({ maxTokens = 0, promptTokens }) => Math.max(maxTokens, promptTokens),
  refuse: () => undefined,
  answerFields: {},
  leadingChunk: undefined,
  choiceFields: () => ({}),
};
