import type { Target } from '@sluice/config';
import type { ChatMessage } from '@sluice/contracts';

import { unsupportedInput } from './refuse-input.ts';

/**
 * Throws `upstream_invalid_request` for sound and images that the model has given, in a conversation that goes to a vendor who
 * takes none from its own side: left out, the model would answer something else.
 */
export function refuseSaidMedia(
  target: Target,
  messages: readonly ChatMessage[],
  media: readonly ('audio' | 'images')[],
): void {
  for (const [index, message] of messages.entries()) {
    if (message.role !== 'assistant') continue;
    const found = media.find((name) => message[name] !== undefined);
    if (found === undefined) continue;
    const problem = `it takes no ${found} in messages of the assistant`;
    throw unsupportedInput(target, `messages[${index}].${found}`, problem);
  }
}

/** The same for sound that no vendor has given an id: it cannot be sent back in OpenAI's form. */
export function refuseNamelessSound(target: Target, messages: readonly ChatMessage[]): void {
  for (const [index, message] of messages.entries()) {
    if (message.role !== 'assistant' || !message.audio || message.audio.id !== undefined) continue;
    throw unsupportedInput(target, `messages[${index}].audio`, 'it takes sound by its id only');
  }
}
