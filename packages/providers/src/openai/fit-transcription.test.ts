import type { TranscriptionInput } from '@sluice/contracts';
import { expect, it } from 'vitest';

import { targetOf } from '../conformance/subject.ts';
import { fitTranscription } from './fit-transcription.ts';

const input: TranscriptionInput = {
  audio: { url: 'https://example.com/a.mp3' },
  response_format: 'verbose_json',
  timestamp_granularities: ['word'],
};
const fit = (model: string, given: TranscriptionInput, dropParams = false) =>
  fitTranscription({ input: given, target: targetOf('openai', 'http://h', { model, dropParams }) });

it('a format that a model cannot write is refused, or left out with the times it would have', () => {
  expect(() => fit('gpt-4o-transcribe', input)).toThrow(
    'acme (openai) cannot take input.response_format: gpt-4o-transcribe writes json and text, not verbose_json',
  );
  expect(fit('gpt-4o-mini-transcribe', input, true)).toEqual({ audio: input.audio });
});

it('what a model can write is left as it is', () => {
  expect(fit('whisper-1', input)).toBe(input);
  const text: TranscriptionInput = { audio: input.audio, response_format: 'text' };
  expect(fit('gpt-4o-transcribe', text)).toBe(text);
  expect(fit('gpt-4o-transcribe', { audio: input.audio })).toEqual({ audio: input.audio });
});
