import type { Exchange } from '../../server/exchange.ts';
import type { ChatRequest } from './read-chat-request.ts';
import { tokenLogprobs } from './token-logprobs.ts';

/** The log probabilities of a text, where they are asked for. */
export function describeLogprobs({ form }: ChatRequest, text: string): object | null {
  const { topLogprobs } = form;
  if (topLogprobs === undefined) return null;
  return { content: tokenLogprobs(text, topLogprobs), refusal: null };
}

/** An hour, as at the vendor. */
const SOUND_LIFE_S = 3600;

/** A spoken text. Its bytes are those of the text, so that a test can hear what is said. */
export function describeSound(text: string, { call }: Exchange): object {
  return {
    id: `audio_${call.requestId.slice(4)}`,
    data: Buffer.from(text).toString('base64'),
    expires_at: Math.floor(call.ledger.entry.atMs / 1000) + SOUND_LIFE_S,
    transcript: text,
  };
}
