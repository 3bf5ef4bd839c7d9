import type { Reply } from '../../server/call.ts';
import { countTokens } from '../../text.ts';
import type { Span, Transcript } from './compose-transcript.ts';
import type { TranscriptionRequest } from './read-transcription-request.ts';
import { describeUsage } from './transcription-usage.ts';

const LANGUAGES = new Intl.DisplayNames('en', { type: 'language' });
const PLAIN = { 'content-type': 'text/plain; charset=utf-8' };

/**
 * The reply in the format that was asked for.
 * @see https://platform.openai.com/docs/api-reference/audio/json-object
 */
export function writeTranscript(request: TranscriptionRequest, transcript: Transcript): Reply {
  const { text, segments } = transcript;
  switch (request.format) {
    case 'json':
      return toJson({ text, usage: describeUsage(request, transcript) });
    case 'verbose_json':
      return toJson(describeVerbosely(request, transcript));
    case 'text':
      return { status: 200, headers: PLAIN, body: `${text}\n` };
    case 'srt': {
      const blocks = segments.map((span, index) => `${index + 1}\n${writeSpan(span, ',')}\n`);
      return { status: 200, headers: PLAIN, body: `${blocks.join('\n')}\n` };
    }
    case 'vtt': {
      const blocks = segments.map((span) => `${writeSpan(span, '.')}\n`);
      return { status: 200, headers: PLAIN, body: `WEBVTT\n\n${blocks.join('\n')}\n` };
    }
  }
}

/** A time as subtitles have it: `01:02:03,456`. */
export function formatTime(seconds: number, point: ',' | '.'): string {
  const ms = Math.round(seconds * 1000);
  const pad = (value: number, digits: number): string => String(value).padStart(digits, '0');
  const clock = [ms / 3_600_000, (ms / 60_000) % 60, (ms / 1000) % 60];
  return `${clock.map((value) => pad(Math.floor(value), 2)).join(':')}${point}${pad(ms % 1000, 3)}`;
}

function writeSpan({ start, end, text }: Span, point: ',' | '.'): string {
  return `${formatTime(start, point)} --> ${formatTime(end, point)}\n${text}`;
}

function toJson(body: object): Reply {
  return { status: 200, body: JSON.stringify(body) };
}

function describeVerbosely(request: TranscriptionRequest, transcript: Transcript): object {
  const { sound, language, granularities } = request;
  const { text, segments, words } = transcript;
  return {
    task: 'transcribe',
    language: (LANGUAGES.of(language) ?? language).toLowerCase(),
    duration: Math.round(sound.seconds * 1000) / 1000,
    text,
    ...(granularities.includes('segment') && { segments: segments.map(describeSegment) }),
    ...(granularities.includes('word') && {
      words: words.map(({ start, end, text: word }) => ({ word, start, end })),
    }),
    usage: describeUsage(request, transcript),
  };
}

function describeSegment({ start, end, text }: Span, id: number): object {
  return {
    id,
    seek: 0,
    start,
    end,
    text: ` ${text}`,
    tokens: Array.from({ length: countTokens(text.length) }, (_, index) => 50_364 + index),
    temperature: 0,
    avg_logprob: -0.25,
    compression_ratio: 1.2,
    no_speech_prob: 0.01,
  };
}
