import type { Usage } from '../../ledger/ledger-entry.ts';
import { costUsd } from '../../models/catalogue.ts';
import { countTokens } from '../../text.ts';
import type { Transcript } from './compose-transcript.ts';
import type { TranscriptionRequest } from './read-transcription-request.ts';

/** Tokens of a second of sound, for models that are billed by tokens. */
const TOKENS_PER_SECOND = 10;

/** Tokens of the sound of a request; 0 for a model that is billed by the minute. */
export function audioTokens({ model, sound }: TranscriptionRequest): number {
  return model.usdPerMinute === undefined ? Math.ceil(sound.seconds * TOKENS_PER_SECOND) : 0;
}

/** Tokens of a transcript; 0 for a model that is billed by the minute. */
export function transcriptTokens({ model }: TranscriptionRequest, { text }: Transcript): number {
  return model.usdPerMinute === undefined ? countTokens(text.length) : 0;
}

/** The `usage` of a reply: seconds, rounded up, or tokens. */
export function describeUsage(request: TranscriptionRequest, transcript: Transcript): object {
  if (request.model.usdPerMinute !== undefined) {
    return { type: 'duration', seconds: Math.ceil(request.sound.seconds) };
  }
  const inputTokens = audioTokens(request);
  const outputTokens = transcriptTokens(request, transcript);
  return {
    type: 'tokens',
    total_tokens: inputTokens + outputTokens,
    input_tokens: inputTokens,
    input_token_details: { text_tokens: 0, audio_tokens: inputTokens },
    output_tokens: outputTokens,
  };
}

/** What the ledger books for so many output tokens. */
export function bookTranscription(request: TranscriptionRequest, outputTokens: number): Usage {
  const { model, sound } = request;
  const inputTokens = audioTokens(request);
  const perMinute = (model.usdPerMinute ?? 0) * (Math.ceil(sound.seconds) / 60);
  const cost = perMinute + costUsd(model, inputTokens, outputTokens);
  return { inputTokens, outputTokens, costUsd: cost };
}
