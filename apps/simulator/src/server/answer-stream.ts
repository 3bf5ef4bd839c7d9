import type { Behaviour } from '../behaviour/behaviour-book.ts';
import type { Usage } from '../ledger/ledger-entry.ts';
import { countTokens } from '../text.ts';
import type { Exchange } from './exchange.ts';

/** One event to send, and the characters of the answer that are out with it. */
export type StreamPiece = { event: string; characters: number };

/** A streamed answer and what it costs. */
export type StreamedAnswer = {
  behaviour: Behaviour;
  /** Absent = an event stream. */
  contentType?: string;
  /** Drawn one by one, so that an event can tell of the time at which it is sent. */
  pieces: Iterable<StreamPiece>;
  /** Of the whole answer. */
  outputTokens: number;
  /** What is booked for so many output tokens. */
  usage(outputTokens: number): Usage;
};

/** Streams an answer at the scripted pace and books it, or the part that was sent before the end. */
export async function answerStream(exchange: Exchange, answer: StreamedAnswer): Promise<void> {
  const { draw, settings } = answer.behaviour;
  await exchange.sleep(draw(settings.firstByteMs ?? settings.latencyMs));
  exchange.startStream(answer.contentType);
  let characters = 0;
  for (const piece of answer.pieces) {
    await exchange.send(piece.event);
    if (!exchange.open) break;
    characters += piece.characters;
    if (piece.characters > 0) await exchange.sleep(draw(settings.chunkDelayMs));
  }
  const sentTokens = exchange.open ? answer.outputTokens : countTokens(characters);
  await exchange.endStream();
  exchange.settleByEnding(answer.usage(sentTokens));
}
