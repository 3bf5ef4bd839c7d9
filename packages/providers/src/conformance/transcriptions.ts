import type { TranscriptionInput } from '@sluice/contracts';

import { azureOpenAi } from './azure-openai.ts';
import type { DocumentSubject } from './document-subject.ts';
import { openAiCompatible } from './openai-compatible.ts';
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

const compatible: DocumentSubject = {
  ...openAiCompatible,
  type: 'transcription',
  call: transcribe({
    language: 'de',
    prompt: 'Grüße 👋',
    temperature: 0.5,
    response_format: 'verbose_json',
    timestamp_granularities: ['word', 'segment'],
  }),
  request: {
    method: 'POST',
    path: '/v1/audio/transcriptions',
    headers: { 'x-client-request-id': 'job_1' },
    body: {
      model: ['model-1'],
      language: ['de'],
      prompt: ['Grüße 👋'],
      response_format: ['verbose_json'],
      temperature: ['0.5'],
      'timestamp_granularities[]': ['word', 'segment'],
      file: [{ name: 'grüße.wav', type: 'audio/wav', base64: soundFile.bytes.toString('base64') }],
    },
  },
  document: {
    task: 'transcribe',
    language: 'german',
    duration: 2.5,
    text: 'Grüße aus 東京.',
    segments: [
      {
        id: 0,
        seek: 0,
        start: 0,
        end: 2.5,
        text: ' Grüße aus 東京.',
        tokens: [1],
        avg_logprob: -0.5,
      },
    ],
    words: [{ word: 'Grüße', start: 0, end: 0.5 }],
    usage: { type: 'duration', seconds: 3 },
  },
  reply: {
    result: {
      type: 'transcription',
      model: 'model-1',
      text: 'Grüße aus 東京.',
      language: 'german',
      duration: 2.5,
      segments: [{ id: 0, start: 0, end: 2.5, text: ' Grüße aus 東京.', avg_logprob: -0.5 }],
      words: [{ word: 'Grüße', start: 0, end: 0.5 }],
    },
    usage: { audio_seconds: 3, total_tokens: 0, source: 'provider' },
  },
  wrong: [
    ['no text', { duration: 2.5 }],
    ['a text that is none', { text: 7 }],
  ],
  maxMiB: 16,
};

export const transcriptionSubjects: readonly DocumentSubject[] = [
  compatible,
  { ...compatible, kind: 'openai' },
  {
    ...compatible,
    kind: azureOpenAi.kind,
    keyHeader: azureOpenAi.keyHeader,
    errorBody: azureOpenAi.errorBody,
  },
];
