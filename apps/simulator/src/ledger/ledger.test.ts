import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import { waitFor } from '@sluice/testing';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../clock.ts';
import { chat, chatBody, startSimulator } from '../test-client.ts';
import { Ledger } from './ledger.ts';
import type { LedgerEntry } from './ledger-entry.ts';
import { summarizeLedger } from './summarize-ledger.ts';

/** Books a paid call that starts and ends at given times. */
function book(ledger: Ledger, atMs: number, durationMs: number, more: Partial<LedgerEntry> = {}) {
  const call = { arrivedAt: atMs, dialect: 'openai', method: 'POST', path: '/' };
  const open = ledger.open(call);
  Object.assign(open.entry, { kind: 'chat', paid: true, key: 'a', reservedTokens: 10 });
  open.settle({ outcome: 'bought', usage: { inputTokens: 1, outputTokens: 2, costUsd: 3 } });
  Object.assign(open.entry, { atMs, durationMs, ...more });
}

describe('an entry', () => {
  test('tells everything of a call', async () => {
    const client = await startSimulator();
    const before = Date.now();
    const body = chatBody('hello', { max_tokens: 50 });
    await client.post('/openai/v1/chat/completions', body);
    const { json } = await client.control('GET', '/ledger');
    expect(json).toEqual({
      entries: [
        {
          seq: 1,
          atMs: expect.any(Number),
          dialect: 'openai',
          kind: 'chat',
          paid: true,
          method: 'POST',
          path: '/openai/v1/chat/completions',
          key: 'key-1',
          model: 'sim-chat',
          status: 200,
          outcome: 'bought',
          reservedTokens: 50,
          inputTokens: 2,
          outputTokens: 4,
          costUsd: expect.closeTo((2 * 0.15 + 4 * 0.6) / 1e6, 12),
          bodySha256: createHash('sha256').update(JSON.stringify(body)).digest('hex'),
          jobTag: null,
          durationMs: expect.any(Number),
          fault: null,
          runId: null,
          runStatus: null,
        },
      ],
      more: false,
      lastSeq: 1,
      dropped: 0,
    });
    const [entry] = client.entries();
    expect(entry?.atMs).toBeGreaterThan(before - 50);
    expect(entry?.atMs).toBeLessThan(Date.now() + 50);
    expect(entry?.atMs).not.toBe(Math.round(entry!.atMs));
  });

  test.for([
    ['a header', {}, { 'x-sluice-job-id': 'job_1' }, 'job_1'],
    ['metadata', { metadata: { job_id: 'job_2' }, user: 'u' }, {}, 'job_2'],
    ['the user', { user: 'job_3' }, {}, 'job_3'],
    ['nothing', {}, {}, null],
  ] as const)('takes its job tag from %s', async ([, more, headers, tag]) => {
    const client = await startSimulator();
    await client.post('/openai/v1/chat/completions', chatBody('hello', more), { headers });
    expect(client.entries()[0]?.jobTag).toBe(tag);
  });

  test('is there, open, as soon as the call arrives', async () => {
    const client = await startSimulator();
    client.simulator.state.behaviour.set({ latencyMs: 100 });
    const call = chat(client);
    await waitFor(() => client.entries().length === 1);
    expect(client.entries()[0]).toMatchObject({ outcome: 'open', durationMs: null });
    expect((await client.summary()).outcomes.open).toBe(1);
    await call;
    expect(client.entries()[0]?.outcome).toBe('bought');
  });

  test('of a client that leaves before the answer is aborted, with a share of the tokens', async () => {
    const client = await startSimulator();
    client.simulator.state.behaviour.set({ latencyMs: 1000, reply: 'x'.repeat(4000) });
    await expect(chat(client, { signal: AbortSignal.timeout(300) })).rejects.toThrow('timeout');
    await waitFor(() => client.entries()[0]?.outcome === 'aborted');
    const [entry] = client.entries();
    expect(entry?.outputTokens).toBeGreaterThan(100);
    expect(entry?.outputTokens).toBeLessThan(1000);
  });
});

test('a client that leaves while it sends its request is aborted', async () => {
  const client = await startSimulator();
  const { port } = new URL(client.simulator.url);
  const socket = connect(Number(port), '127.0.0.1');
  socket.write(
    'POST /openai/v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n{',
  );
  await waitFor(() => client.entries().length === 1);
  socket.destroy();
  await waitFor(() => client.entries()[0]?.outcome === 'aborted');
});

describe('reading', () => {
  test('filters by since, key, kind, model, outcome and tag, and pages', async () => {
    const client = await startSimulator();
    await chat(client, { key: 'a', headers: { 'x-sluice-job-id': 'job_1' } });
    await chat(client, { key: 'b' });
    await chat(client, { key: 'invalid-key' });
    await client.get('/openai/v1/models', { key: 'a' });
    const seqs = async (query: string) => {
      const { json } = await client.control('GET', `/ledger?${query}`);
      return (json as { entries: LedgerEntry[] }).entries.map(({ seq }) => seq);
    };
    expect(await seqs('')).toEqual([1, 2, 3, 4]);
    expect(await seqs('since=2')).toEqual([3, 4]);
    expect(await seqs('key=a')).toEqual([1, 4]);
    expect(await seqs('kind=models')).toEqual([4]);
    expect(await seqs('model=sim-chat')).toEqual([1, 2]);
    expect(await seqs('outcome=rejected')).toEqual([3]);
    expect(await seqs('jobTag=job_1')).toEqual([1]);
    expect(await seqs('limit=2')).toEqual([1, 2]);
    const { json } = await client.control('GET', '/ledger?limit=2');
    expect(json).toMatchObject({ more: true, lastSeq: 4 });
  });

  test('summarizes by outcome, also for one key and kind', async () => {
    const client = await startSimulator();
    await chat(client, { key: 'a' });
    await chat(client, { key: 'a' });
    await chat(client, { key: 'b' });
    await chat(client, { key: 'invalid-key' });
    await client.get('/openai/v1/models', { key: 'a' });
    const all = await client.summary('?windowMs=60000');
    expect(all.outcomes).toEqual({
      open: 0,
      bought: 3,
      aborted: 0,
      fault: 0,
      limited: 0,
      rejected: 1,
      served: 1,
    });
    expect(all.usage).toMatchObject({ inputTokens: 6, outputTokens: 12 });
    expect(all.peak).toEqual({ windowMs: 60_000, requests: 4, admitted: 3, reservedTokens: 6 });
    expect(all.maxConcurrency).toBe(1);
    expect((await client.summary('?key=a')).outcomes).toMatchObject({ bought: 2, served: 1 });
    expect((await client.summary('?key=a&kind=chat')).outcomes).toMatchObject({
      bought: 2,
      served: 0,
    });
  });

  test('can be cleared; a call still open is then not counted', async () => {
    const client = await startSimulator();
    client.simulator.state.behaviour.set({ latencyMs: 80 });
    const call = chat(client);
    await waitFor(() => client.entries().length === 1);
    expect((await client.control('DELETE', '/ledger')).status).toBe(204);
    await call;
    expect(client.entries()).toEqual([]);
    expect((await client.summary()).outcomes.bought).toBe(0);
  });
});

describe('peaks', () => {
  test('are those of the worst half-open window', () => {
    const ledger = new Ledger(systemClock, 100);
    for (const atMs of [0, 10, 100, 105, 109.9, 110, 300]) book(ledger, atMs, 1);
    expect(summarizeLedger(ledger, {}, 10).peak).toMatchObject({ requests: 3, reservedTokens: 30 });
    expect(summarizeLedger(ledger, {}, 10.1).peak.requests).toBe(4);
    expect(summarizeLedger(ledger, {}, 1000).peak.requests).toBe(7);
  });

  test('count limited calls as requests, not as admitted', () => {
    const ledger = new Ledger(systemClock, 100);
    book(ledger, 0, 1);
    book(ledger, 1, 1, { outcome: 'limited' });
    const { peak } = summarizeLedger(ledger, {}, 10);
    expect(peak).toMatchObject({ requests: 2, admitted: 1, reservedTokens: 10 });
  });

  test('of concurrency count calls that overlap, not those that touch', () => {
    const ledger = new Ledger(systemClock, 100);
    book(ledger, 0, 10);
    book(ledger, 10, 10);
    expect(summarizeLedger(ledger, {}, 10).maxConcurrency).toBe(1);
    book(ledger, 15, 1);
    book(ledger, 15.5, 1);
    expect(summarizeLedger(ledger, {}, 10).maxConcurrency).toBe(3);
  });
});

test('a full ledger drops its oldest entries but goes on counting', () => {
  const ledger = new Ledger(systemClock, 10);
  for (let call = 0; call < 25; call += 1) book(ledger, call, 1);
  expect([...ledger.entries()].map(({ seq }) => seq)).toEqual([
    16, 17, 18, 19, 20, 21, 22, 23, 24, 25,
  ]);
  const summary = summarizeLedger(ledger, {}, 1000);
  expect(summary.outcomes.bought).toBe(25);
  expect(summary.usage).toEqual({ inputTokens: 25, outputTokens: 50, costUsd: 75 });
  expect(summary.dropped).toBe(15);
});
