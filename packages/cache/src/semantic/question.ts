import type { ChatInput } from '@sluice/contracts';

import { normalizeText } from '../normalize-input.ts';

/** A chat request taken apart: what may be asked in other words, and what must be equal to the letter. */
export interface Question {
  /** The last message, which is the user's. */
  text: string;
  /** System prompt, tools, parameters and all that was said before. */
  frame: unknown;
}

/** `undefined` where the last message is no plain text of the user's: pictures and answers of tools have no other words. */
export function questionOf({ messages, ...parameters }: ChatInput): Question | undefined {
  const last = messages.at(-1);
  if (last?.role !== 'user' || typeof last.content !== 'string') return undefined;
  const { content, ...rest } = last;
  const text = normalizeText(content);
  if (text === '') return undefined;
  return { text, frame: { ...parameters, before: messages.slice(0, -1), last: rest } };
}
