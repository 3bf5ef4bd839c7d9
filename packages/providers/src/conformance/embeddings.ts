import type { EmbeddingInput } from '@sluice/contracts';

import { azureOpenAi } from './azure-openai.ts';
import type { DocumentSubject } from './document-subject.ts';
import { gemini } from './gemini.ts';
import { ollama } from './ollama.ts';
import { openAi } from './openai.ts';
import { openAiCompatible } from './openai-compatible.ts';
import type { SubjectCall } from './subject.ts';

const input: EmbeddingInput = { input: ['grüß dich 👋', 'queues'], dimensions: 2 };

function embed(given: EmbeddingInput): SubjectCall {
  return async (adapter, call) =>
    await adapter.embed?.({ ...call, jobId: 'job_1', user: 'ada', input: given });
}

function replyOf(data: (number[] | string)[]): unknown {
  return {
    result: {
      type: 'embedding',
      model: 'model-1',
      data: data.map((embedding, index) => ({ index, embedding })),
    },
    usage: { input_tokens: 7, output_tokens: 0, total_tokens: 7, source: 'provider' },
  };
}

const usage = { prompt_tokens: 7, total_tokens: 7 };
const first = { object: 'embedding', index: 0, embedding: [0.5, -1] };
const second = { object: 'embedding', index: 1, embedding: [0.25, 2] };
const list = { object: 'list', model: 'model-1', usage };

const compatible: DocumentSubject = {
  ...openAiCompatible,
  type: 'embedding',
  call: embed(input),
  request: {
    method: 'POST',
    path: '/v1/embeddings',
    headers: { 'x-client-request-id': 'job_1' },
    body: { ...input, model: 'model-1', user: 'ada' },
  },
  // Out of order: the index says which input a vector belongs to.
  document: { ...list, data: [second, first] },
  reply: replyOf([first.embedding, second.embedding]),
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
const inBase64 = { ...input, encoding_format: 'base64' as const };
const openAiBase64 = {
  call: embed(inBase64),
  request: { ...compatible.request, body: { ...inBase64, model: 'model-1', user: 'ada' } },
  document: {
    ...list,
    data: [
      { ...first, embedding: 'AAAAPwAAgL8=' },
      { ...second, embedding: 'AACAPgAAAEA=' },
    ],
  },
  reply: replyOf(['AAAAPwAAgL8=', 'AACAPgAAAEA=']),
};

export const embeddingSubjects: readonly DocumentSubject[] = [
  compatible,
  { ...compatible, ...openAiBase64, kind: openAi.kind },
  {
    ...compatible,
    ...openAiBase64,
    kind: azureOpenAi.kind,
    keyHeader: azureOpenAi.keyHeader,
    errorBody: azureOpenAi.errorBody,
  },
  {
    ...gemini,
    type: 'embedding',
    call: embed(inBase64),
    request: {
      method: 'POST',
      path: '/v1/v1beta/models/model-1:batchEmbedContents',
      headers: {},
      body: {
        requests: ['grüß dich 👋', 'queues'].map((text) => ({
          model: 'models/model-1',
          content: { parts: [{ text }] },
          outputDimensionality: 2,
        })),
      },
    },
    document: {
      embeddings: [{ values: first.embedding }, { values: second.embedding }],
      usageMetadata: { promptTokenCount: 7 },
    },
    reply: openAiBase64.reply,
    wrong: [
      ['one vector too few', { embeddings: [{ values: [1, 2] }] }],
      ['no values', { embeddings: [{ values: [1, 2] }, {}] }],
    ],
    maxMiB: 16,
  },
  {
    ...ollama,
    type: 'embedding',
    call: embed(inBase64),
    request: {
      method: 'POST',
      path: '/v1/api/embed',
      headers: { accept: 'application/json' },
      body: { ...input, model: 'model-1', truncate: false },
    },
    document: {
      model: 'model-1',
      embeddings: [first.embedding, second.embedding],
      total_duration: 1_000,
      prompt_eval_count: 7,
    },
    reply: openAiBase64.reply,
    wrong: [
      ['one vector too few', { embeddings: [[1, 2]] }],
      ['nulls for numbers', { embeddings: [[1, 2], [null]] }],
    ],
    maxMiB: 64,
  },
];
