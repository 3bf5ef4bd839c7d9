import { z } from 'zod';

/** The largest sound file, in bytes: what OpenAI takes. */
export const maxAudioBytes = 25 * 1024 * 1024;

const audio = z
  .strictObject({
    /** Base64. */
    data: z.string().min(1).optional(),
    url: z
      .url({ protocol: /^https?$/, error: 'must be an http or https URL' })
      .max(2048)
      .optional(),
    /** Vendors tell the format by its ending. */
    filename: z
      .string()
      .regex(/^[^/\\\p{Cc}"]{1,255}$/u, 'must be a file name of 1 to 255 characters without a path')
      .optional(),
    media_type: z
      .string()
      .regex(/^[a-z]+\/[\w.+-]+$/i, 'must be a media type such as audio/mpeg')
      .optional(),
  })
  .superRefine((value, context) => {
    const add = (path: string[], message: string) => {
      context.addIssue({ code: 'custom', path, message });
    };
    if (value.data === undefined && value.url === undefined) add([], 'must have data or url');
    if (value.data !== undefined && value.url !== undefined) {
      add(['url'], 'must not stand beside data');
    }
    if (value.data === undefined) return;
    if (value.filename === undefined) add(['filename'], 'must be given with data');
    if (!isBase64(value.data)) add(['data'], 'must be base64');
    else if (value.data.length * 0.75 > maxAudioBytes + 3) {
      add(['data'], `must have at most ${maxAudioBytes} bytes, decoded`);
    }
  });

/**
 * The `input` of a transcription job: OpenAI's transcription request as JSON, without `model` and `stream`.
 * @see https://platform.openai.com/docs/api-reference/audio/createTranscription
 */
export const transcriptionInput = z
  .strictObject({
    audio,
    language: z.string().min(2).max(16).optional(),
    prompt: z.string().optional(),
    response_format: z.enum(['json', 'text', 'srt', 'verbose_json', 'vtt']).optional(),
    temperature: z.number().min(0).max(1).optional(),
    timestamp_granularities: z
      .array(z.enum(['word', 'segment']))
      .min(1)
      .max(2)
      .optional(),
  })
  .refine(
    (value) =>
      value.timestamp_granularities === undefined || value.response_format === 'verbose_json',
    { path: ['timestamp_granularities'], error: 'needs response_format verbose_json' },
  );
export type TranscriptionInput = z.infer<typeof transcriptionInput>;

/** A stretch of speech; times are seconds from the start. */
export interface TranscriptSegment {
  id?: number;
  start: number;
  end: number;
  text: string;
  /** How sure the model is; its own scale. */
  avg_logprob?: number;
  no_speech_prob?: number;
}

export interface TranscriptWord {
  word: string;
  start: number;
  end: number;
}

/** The result of a transcription job. */
export interface TranscriptionResult {
  type: 'transcription';
  /** The upstream's model; vendors give no other name. */
  model: string;
  /** What was said; for `srt` and `vtt` the whole file of subtitles. */
  text: string;
  /** As the upstream names it: `english`. */
  language?: string;
  /** Seconds. */
  duration?: number;
  segments?: TranscriptSegment[];
  words?: TranscriptWord[];
}

/** Looked for what is wrong, not matched as a whole: a pattern over megabytes overflows the stack of some engines. */
function isBase64(text: string): boolean {
  return text.length % 4 === 0 && !/[^A-Za-z0-9+/=]|=[^=]|=.{2}/.test(text);
}
