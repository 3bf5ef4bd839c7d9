import type { TranscriptionInput } from '@sluice/contracts';

import type { TranscriptionCall } from '../adapter.ts';
import { refuseParameter } from '../chat/refuse-input.ts';

/** OpenAI's transcribers that are billed by tokens: `gpt-4o-transcribe` and its kin. */
const tokenModel = /^gpt-.*transcribe/;

/**
 * The input as the model takes it: those that are billed by tokens write JSON and plain text only, without times.
 * @throws SluiceError `upstream_invalid_request` for another format, unless the target drops.
 * @see https://platform.openai.com/docs/api-reference/audio/createTranscription#audio_createtranscription-response_format
 */
export function fitTranscription({
  input,
  target,
}: Pick<TranscriptionCall, 'input' | 'target'>): TranscriptionInput {
  const { response_format: format = 'json' } = input;
  if (!tokenModel.test(target.model) || format === 'json' || format === 'text') return input;
  refuseParameter(target, 'response_format', `${target.model} writes json and text, not ${format}`);
  const { response_format: _format, timestamp_granularities: _times, ...rest } = input;
  return rest;
}
