import Anthropic from '@anthropic-ai/sdk';
import { createSimulator } from '@sluice/simulator';
import { waitFor } from '@sluice/testing';
import OpenAI, { toFile } from 'openai';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

/** The vendors' own clients, unmodified, against the simulator's batches. */
const simulator = createSimulator();

beforeAll(() => simulator.listen());
afterEach(() => simulator.reset());
afterAll(() => simulator.close());

const line = (id: string, content: string, more: object = {}) => ({
  custom_id: id,
  method: 'POST',
  url: '/v1/chat/completions',
  body: { model: 'sim-chat', messages: [{ role: 'user', content }], ...more },
});

const parseLines = (text: string) =>
  text
    .split('\n')
    .filter((each) => each !== '')
    .map((each) => JSON.parse(each));

const bought = () =>
  [...simulator.state.ledger.entries()].filter(
    ({ kind, outcome }) => kind === 'batch-chat' && outcome === 'bought',
  );

describe('a batch of OpenAI', () => {
  async function create(lines: object[], behaviour: object = {}) {
    simulator.state.behaviour.set({ batch: behaviour });
    const openai = new OpenAI({ baseURL: `${simulator.url}/openai/v1`, apiKey: 'k' });
    const text = lines.map((each) => JSON.stringify(each)).join('\n');
    const file = await openai.files.create({
      file: await toFile(Buffer.from(text), 'in.jsonl'),
      purpose: 'batch',
    });
    const batch = await openai.batches.create({
      input_file_id: file.id,
      endpoint: '/v1/chat/completions',
      completion_window: '24h',
      metadata: { mark: 'x' },
    });
    const ended = (...states: string[]) =>
      waitFor(async () => {
        const found = await openai.batches.retrieve(batch.id);
        return states.includes(found.status) && found;
      });
    const read = async (id: string | null | undefined) =>
      id ? parseLines(await (await openai.files.content(id)).text()) : [];
    return { openai, batch, ended, read };
  }

  test('answers each line as the route would, at half the price', async () => {
    const lines = [line('a', 'One'), line('b', 'Two'), line('c', 'Bad', { temperature: 9 })];
    const { openai, batch, ended, read } = await create(lines);
    const {
      output_file_id: output,
      error_file_id: errors,
      request_counts: counts,
    } = await ended('completed');
    expect(counts).toEqual({ total: 3, completed: 2, failed: 1 });
    const said = await read(output);
    expect(
      said.map((each) => [each.custom_id, each.response.body.choices[0].message.content]),
    ).toEqual([
      ['b', 'You said: Two'],
      ['a', 'You said: One'],
    ]);
    expect(await read(errors)).toMatchObject([{ custom_id: 'c', response: { status_code: 400 } }]);
    const [entry] = bought();
    expect(bought()).toHaveLength(2);
    expect(entry?.costUsd).toBeCloseTo(
      (0.15 * entry!.inputTokens + 0.6 * entry!.outputTokens) / 2e6,
      12,
    );
    expect((await openai.batches.list()).data).toMatchObject([
      { id: batch.id, metadata: { mark: 'x' } },
    ]);
  });

  test('that is cancelled keeps what it has', async () => {
    const lines = ['a', 'b', 'c', 'd'].map((id) => line(id, id));
    const { openai, batch, ended, read } = await create(lines, { delayMs: 400 });
    await waitFor(() => bought().length > 0);
    await openai.batches.cancel(batch.id);
    const { output_file_id: output } = await ended('cancelled');
    expect((await read(output)).length).toBe(bought().length);
    expect(bought().length).toBeLessThan(4);
  });

  test('whose time ends tells which lines had none', async () => {
    const { ended, read } = await create([line('a', 'A'), line('b', 'B')], { expireAfterLines: 1 });
    const { output_file_id: output, error_file_id: errors } = await ended('expired');
    expect(await read(output)).toMatchObject([{ custom_id: 'a' }]);
    expect(await read(errors)).toMatchObject([
      { custom_id: 'b', response: null, error: { code: 'batch_expired' } },
    ]);
  });

  test('with a wrong line fails as a whole', async () => {
    const { ended } = await create([line('a', 'A'), line('a', 'B')]);
    const { errors } = await ended('failed');
    expect(errors?.data).toMatchObject([{ code: 'duplicate_custom_id', line: 2 }]);
    expect(bought()).toEqual([]);
  });
});

describe('a message batch of Anthropic', () => {
  const params = (content: string, more: object = {}) => ({
    model: 'sim-chat',
    max_tokens: 50,
    messages: [{ role: 'user' as const, content }],
    ...more,
  });

  async function create(
    contents: Record<string, Anthropic.MessageCreateParamsNonStreaming>,
    behaviour: object = {},
  ) {
    simulator.state.behaviour.set({ batch: behaviour });
    const anthropic = new Anthropic({ baseURL: `${simulator.url}/anthropic`, apiKey: 'k' });
    const requests = Object.entries(contents).map(([id, each]) => ({
      custom_id: id,
      params: each,
    }));
    const batch = await anthropic.messages.batches.create({ requests });
    const ended = () =>
      waitFor(async () => {
        const found = await anthropic.messages.batches.retrieve(batch.id);
        return found.processing_status === 'ended' && found;
      });
    const results = async () => {
      const all = [];
      for await (const each of await anthropic.messages.batches.results(batch.id)) all.push(each);
      return all;
    };
    return { anthropic, batch, ended, results };
  }

  test('answers each request as the route would, at half the price', async () => {
    const { ended, results } = await create({
      a: params('One'),
      b: params('Two', { max_tokens: -1 }),
    });
    expect((await ended()).request_counts).toMatchObject({
      processing: 0,
      succeeded: 1,
      errored: 1,
    });
    expect(await results()).toMatchObject([
      { custom_id: 'b', result: { type: 'errored', error: { type: 'error' } } },
      {
        custom_id: 'a',
        result: { type: 'succeeded', message: { content: [{ text: 'You said: One' }] } },
      },
    ]);
    expect(bought()).toHaveLength(1);
  });

  test('that is cancelled or out of time says so of each request without an answer', async () => {
    const cancelled = await create({ a: params('A'), b: params('B') }, { delayMs: 60_000 });
    await cancelled.anthropic.messages.batches.cancel(cancelled.batch.id);
    expect((await cancelled.ended()).request_counts.canceled).toBe(2);
    const late = await create({ a: params('A'), b: params('B') }, { expireAfterLines: 1 });
    expect((await late.ended()).request_counts).toMatchObject({ succeeded: 1, expired: 1 });
  });
});
