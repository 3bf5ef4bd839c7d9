import { describe, expect, test } from 'vitest';
import { startSimulator } from '../../test-client.ts';
import { scoreDocuments } from './score-documents.ts';

const RERANK = '/openai/v1/rerank';
const DOCUMENTS = ['cats sleep', 'dogs eat and sleep', 'where do dogs sleep'];
const BODY = { model: 'sim-rerank', query: 'Where do dogs sleep?', documents: DOCUMENTS };

describe('a rerank call', () => {
  test('is answered in the shape its vendors share, best first', async () => {
    const client = await startSimulator();
    const response = await client.post(RERANK, BODY);
    expect(await response.json()).toEqual({
      id: expect.stringMatching(/^rerank-/u),
      model: 'sim-rerank',
      results: [
        { index: 2, relevance_score: 1 },
        { index: 1, relevance_score: 2 / 6 },
        { index: 0, relevance_score: 1 / 5 },
      ],
      usage: { prompt_tokens: 27, total_tokens: 27 },
      meta: { api_version: { version: '2' }, billed_units: { search_units: 1 } },
    });
    expect(client.entries()[0]).toMatchObject({
      kind: 'rerank',
      model: 'sim-rerank',
      outcome: 'bought',
      reservedTokens: 27,
      inputTokens: 27,
      outputTokens: 0,
    });
  });

  test('gives the first results with their documents when told to', async () => {
    const client = await startSimulator();
    const documents = [...DOCUMENTS, { text: 'where do dogs sleep' }];
    const body = { ...BODY, documents, top_n: 2, return_documents: true };
    const { results } = await (await client.post(RERANK, body)).json();
    expect(results).toEqual([
      { index: 2, relevance_score: 1, document: { text: 'where do dogs sleep' } },
      { index: 3, relevance_score: 1, document: { text: 'where do dogs sleep' } },
    ]);
  });

  test.for([
    ['no model', { model: undefined }, 400, null],
    ['a chat model', { model: 'sim-chat' }, 404, null],
    ['no query', { query: '' }, 400, 'query'],
    ['no documents', { documents: [] }, 400, 'documents'],
    ['a document without text', { documents: ['a', { title: 'b' }] }, 400, 'documents[1]'],
    ['a count of 0', { top_n: 0 }, 400, 'top_n'],
  ] as const)('with %s is refused', async ([, more, status, param]) => {
    const client = await startSimulator();
    const response = await client.post(RERANK, { ...BODY, ...more });
    expect(response.status).toBe(status);
    expect((await response.json()).error.param).toBe(param);
  });

  test('meets limits and faults', async () => {
    const client = await startSimulator();
    client.simulator.state.faults.add({ fault: { kind: 'status', status: 500 } });
    expect((await client.post(RERANK, BODY)).status).toBe(500);
    client.simulator.state.limits.set({ tokens: [{ limit: 30, windowMs: 60_000 }] });
    expect((await client.post(RERANK, BODY)).status).toBe(200);
    expect((await client.post(RERANK, BODY)).status).toBe(429);
  });
});

test('a document without a word of the query scores 0, and so do documents without words', () => {
  expect(scoreDocuments('dogs', ['cats', '', '…'])).toEqual([
    { index: 0, relevance: 0 },
    { index: 1, relevance: 0 },
    { index: 2, relevance: 0 },
  ]);
});
