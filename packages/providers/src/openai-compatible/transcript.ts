import type { TranscriptionResult, TranscriptSegment, Usage } from '@sluice/contracts';
import { z } from 'zod';

const number = z.number().nullish().catch(undefined);

const segment = z.object({
  id: number,
  start: z.number(),
  end: z.number(),
  text: z.string(),
  avg_logprob: number,
  no_speech_prob: number,
});

/**
 * The JSON of a transcription, short or verbose. Only what is used, and lenient.
 * @see https://platform.openai.com/docs/api-reference/audio/json-object
 */
export const transcript = z.object({
  text: z.string(),
  language: z.string().nullish().catch(undefined),
  /** OpenAI has sent it as text, too. */
  duration: z
    .union([z.number(), z.string().transform(Number)])
    .nullish()
    .catch(undefined),
  segments: z.array(segment).nullish().catch(undefined),
  words: z
    .array(z.object({ word: z.string(), start: z.number(), end: z.number() }))
    .nullish()
    .catch(undefined),
  usage: z
    .object({ seconds: number, input_tokens: number, output_tokens: number, total_tokens: number })
    .nullish()
    .catch(undefined),
});
export type Transcript = z.infer<typeof transcript>;

/** What the job gets of it. */
export function toResult(model: string, given: Transcript): TranscriptionResult {
  const { text, language, duration, segments, words } = given;
  return {
    type: 'transcription',
    model,
    text,
    ...(typeof language === 'string' && { language }),
    ...(isNumber(duration) && { duration }),
    ...(segments && { segments: segments.map(toSegment) }),
    ...(words && { words }),
  };
}

function toSegment({ start, end, text, ...more }: z.infer<typeof segment>): TranscriptSegment {
  const given = Object.entries(more).filter(([, value]) => isNumber(value));
  return { start, end, text, ...Object.fromEntries(given) };
}

/** Tokens, or seconds of sound; where the usage says neither, the duration of a verbose transcript. */
export function toUsage({ usage, duration }: Transcript): Usage | undefined {
  const seconds = usage?.seconds ?? (usage ? undefined : duration);
  const { input_tokens: input, output_tokens: output, total_tokens: total } = usage ?? {};
  const tokens = total ?? (isNumber(input) && isNumber(output) ? input + output : undefined);
  if (!isNumber(seconds) && !isNumber(tokens)) return undefined;
  return {
    ...(isNumber(input) && { input_tokens: input }),
    ...(isNumber(output) && { output_tokens: output }),
    ...(isNumber(seconds) && { audio_seconds: seconds }),
    total_tokens: tokens ?? 0,
    source: 'provider',
  };
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}
