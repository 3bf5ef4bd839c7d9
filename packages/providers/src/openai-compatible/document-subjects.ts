import type { RerankInput } from '@sluice/contracts';

import type { DocumentSubject } from '../conformance/document-subject.ts';
import {
  base64Input,
  base64Vectors,
  embed,
  embeddingInput,
  embeddingReplyOf,
  vectors,
} from '../conformance/embeddings.ts';
import { soundFile, transcribe } from '../conformance/transcriptions.ts';
import { openAiCompatible } from './stream-subject.ts';

const usage = { prompt_tokens: 7, total_tokens: 7 };
const first = { object: 'embedding', index: 0, embedding: vectors[0] };
const second = { object: 'embedding', index: 1, embedding: vectors[1] };
const list = { object: 'list', model: 'model-1', usage };

const embedding: DocumentSubject = {
  ...openAiCompatible,
  type: 'embedding',
  call: embed(embeddingInput),
  request: {
    method: 'POST',
    path: '/v1/embeddings',
    headers: { 'x-client-request-id': 'job_1' },
    body: { ...embeddingInput, model: 'model-1', user: 'ada' },
  },
  // Out of order: the index says which input a vector belongs to.
  document: { ...list, data: [second, first] },
  reply: embeddingReplyOf(vectors),
  wrong: [
    ['one vector too few', { ...list, data: [first] }],
    ['one vector too many', { ...list, data: [first, second, second] }],
    ['an empty vector', { ...list, data: [first, { ...second, embedding: [] }] }],
    ['half a number in base64', { ...list, data: [first, { ...second, embedding: 'AACAPwAA' }] }],
    ['texts for numbers', { ...list, data: [first, { ...second, embedding: ['1'] }] }],
  ],
  maxMiB: 64,
};

/** Asked for base64, which OpenAI and Azure know and others get made here. */
export const base64Embedding: DocumentSubject = {
  ...embedding,
  call: embed(base64Input),
  request: { ...embedding.request, body: { ...base64Input, model: 'model-1', user: 'ada' } },
  document: {
    ...list,
    data: [
      { ...first, embedding: base64Vectors[0] },
      { ...second, embedding: base64Vectors[1] },
    ],
  },
  reply: embeddingReplyOf(base64Vectors),
};

const rerankInput: RerankInput = {
  query: 'Wo schläft 🐈?',
  documents: ['dogs', { text: 'Katzen schlafen' }, 'birds'],
  top_n: 2,
  return_documents: true,
};

const cats = { index: 1, relevance_score: 0.9 };
const dogs = { index: 0, relevance_score: 0.25 };
const birds = { index: 2, relevance_score: 0.1 };

const rerank: DocumentSubject = {
  ...openAiCompatible,
  type: 'rerank',
  call: async (adapter, call) =>
    await adapter.rerank?.({ ...call, jobId: 'job_1', user: 'ada', input: rerankInput }),
  request: {
    method: 'POST',
    path: '/v1/rerank',
    headers: { 'x-client-request-id': 'job_1' },
    body: {
      model: 'model-1',
      query: rerankInput.query,
      documents: rerankInput.documents,
      top_n: 2,
    },
  },
  // Neither sorted nor cut to `top_n`, as some servers have it.
  document: {
    id: 'rerank-1',
    results: [dogs, { ...cats, document: { text: 'whatever' } }, birds],
    meta: { billed_units: { search_units: 1 }, tokens: { input_tokens: 21 } },
  },
  reply: {
    result: {
      type: 'rerank',
      model: 'model-1',
      results: [
        { ...cats, document: { text: 'Katzen schlafen' } },
        { ...dogs, document: { text: 'dogs' } },
      ],
    },
    usage: {
      input_tokens: 21,
      output_tokens: 0,
      search_units: 1,
      total_tokens: 21,
      source: 'provider',
    },
  },
  wrong: [
    ['no results', { results: [] }],
    ['a document that was not sent', { results: [dogs, { ...cats, index: 3 }] }],
    ['a document twice', { results: [dogs, cats, dogs] }],
    ['no score', { results: [{ index: 0 }] }],
  ],
  maxMiB: 16,
};

export const transcription: DocumentSubject = {
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

export const compatibleDocuments: readonly DocumentSubject[] = [embedding, rerank, transcription];
