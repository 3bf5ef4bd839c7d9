import type { Reply } from '../../server/call.ts';
import { invalidParameter } from '../errors.ts';

/** What a request wants of its answer besides a text. */
export type AnswerForm = {
  /** How many likely tokens to tell with each one; undefined for no log probabilities. */
  topLogprobs: number | undefined;
  /** The format of the sound of a spoken answer. */
  sound: string | undefined;
  serviceTier: string;
};

/** Reads `logprobs`, `modalities`, `audio` and `service_tier`, or says what is wrong with them. */
export function readAnswerForm(body: Record<string, unknown>): AnswerForm | Reply {
  const { logprobs, top_logprobs: top, service_tier: tier } = body;
  if (typeof top === 'number' && logprobs !== true) {
    const message = "'top_logprobs' is only allowed when 'logprobs' is enabled.";
    return invalidParameter(message, 'top_logprobs', 'invalid_value');
  }
  const sound = readSound(body);
  if (typeof sound === 'object') return sound;
  return {
    topLogprobs: logprobs === true ? Number(top ?? 0) : undefined,
    sound,
    serviceTier: tier === 'flex' || tier === 'priority' ? tier : 'default',
  };
}

function readSound({
  modalities,
  audio,
  stream,
}: Record<string, unknown>): string | Reply | undefined {
  if (!Array.isArray(modalities) || !modalities.includes('audio')) return undefined;
  if (typeof audio !== 'object' || audio === null || !('format' in audio)) {
    const message = "Missing required parameter: 'audio'.";
    return invalidParameter(message, 'audio', 'missing_required_parameter');
  }
  const format = String(audio.format);
  if (stream !== true || format === 'pcm16') return format;
  const message = `Unsupported value: 'audio.format' does not support '${format}' with stream=true. Supported values are: 'pcm16'.`;
  return invalidParameter(message, 'audio.format', 'unsupported_value');
}
