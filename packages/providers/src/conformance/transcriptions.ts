import type { TranscriptionInput } from '@sluice/contracts';

import type { SubjectCall } from './subject.ts';

/** A sound file as an adapter gets it: bytes that are no text. */
export const soundFile = {
  bytes: Buffer.from([0, 255, 13, 10, 45, 45, 128]),
  filename: 'grüße.wav',
  mediaType: 'audio/wav',
};

export function transcribe(input: Omit<TranscriptionInput, 'audio'>): SubjectCall {
  return async (adapter, call) =>
    await adapter.transcribe?.({
      ...call,
      jobId: 'job_1',
      user: 'ada',
      input: { ...input, audio: { url: 'https://example.com/a.wav' } },
      audio: soundFile,
    });
}
