import type { RerankInput } from '@sluice/contracts';

import type { DocumentSubject } from './document-subject.ts';
import { openAiCompatible } from './openai-compatible.ts';

const input: RerankInput = {
  query: 'Wo schläft 🐈?',
  documents: ['dogs', { text: 'Katzen schlafen' }, 'birds'],
  top_n: 2,
  return_documents: true,
};

const cats = { index: 1, relevance_score: 0.9 };
const dogs = { index: 0, relevance_score: 0.25 };
const birds = { index: 2, relevance_score: 0.1 };

export const rerankSubjects: readonly DocumentSubject[] = [
  {
    ...openAiCompatible,
    type: 'rerank',
    call: async (adapter, call) =>
      await adapter.rerank?.({ ...call, jobId: 'job_1', user: 'ada', input }),
    request: {
      method: 'POST',
      path: '/v1/rerank',
      headers: { 'x-client-request-id': 'job_1' },
      body: { model: 'model-1', query: input.query, documents: input.documents, top_n: 2 },
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
  },
];
