import type { Behaviour } from '../../behaviour/behaviour-book.ts';
import type { ChatVariant } from './chat-variant.ts';
import type { Choice } from './compose-choice.ts';
import type { ChatRequest } from './read-chat-request.ts';

/** A valid request and the answer it will get. */
export type ChatPlan = {
  request: ChatRequest;
  choices: Choice[];
  /** Of the prompt, read from the vendor's cache. */
  cachedTokens: number;
  behaviour: Behaviour;
  variant: ChatVariant;
};
