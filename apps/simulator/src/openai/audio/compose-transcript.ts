import type { Sound } from './read-sound.ts';

/** A stretch of speech, in seconds from the start. */
export type Span = { start: number; end: number; text: string };

/** What was said, and when. */
export type Transcript = { text: string; segments: Span[]; words: Span[] };

/**
 * What a file says: the text of the script, else its own when it is known, else `You sent <n> bytes.`.
 * Its sentences and words share the time by their length.
 */
export function composeTranscript(sound: Sound, reply: string | undefined): Transcript {
  const text = reply ?? sound.speech ?? `You sent ${sound.byteLength} bytes.`;
  const cut = (pattern: RegExp): Span[] => spread(text.match(pattern) ?? [], sound.seconds);
  return { text, segments: cut(/[^.!?]+[.!?]*\s*|[.!?]+/gu), words: cut(/\S+\s*/gu) };
}

function spread(pieces: string[], seconds: number): Span[] {
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  let passed = 0;
  return pieces.map((piece) => {
    const start = toMilliseconds((passed / length) * seconds);
    passed += piece.length;
    return { start, end: toMilliseconds((passed / length) * seconds), text: piece.trim() };
  });
}

/** Seconds without less than a millisecond. */
function toMilliseconds(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}
