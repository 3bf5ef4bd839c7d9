import type OpenAI from 'openai';
import { describe, expect, onTestFinished, test } from 'vitest';

import { waitFor } from '@sluice/testing';

import { batchClient, chatLine } from '../support/batch-client.ts';
import { useStack, type StackOptions } from '../support/start-stack.ts';

const price = {
  inputPerMillion: 2,
  cachedInputPerMillion: 0.2,
  cacheWriteInputPerMillion: 2.5,
  outputPerMillion: 8,
};

const config: StackOptions['config'] = ({ simulatorUrl }) => ({
  providers: {
    openai: { kind: 'openai', baseUrl: `${simulatorUrl}/openai/v1`, apiKey: 'key' },
    anthropic: { kind: 'anthropic', baseUrl: `${simulatorUrl}/anthropic`, apiKey: 'key' },
    keyed: { kind: 'openai', baseUrl: `${simulatorUrl}/openai/v1`, apiKeys: ['bad', 'one', 'two'] },
    compatible: {
      kind: 'openai-compatible',
      baseUrl: `${simulatorUrl}/openai/v1`,
      apiKey: 'key',
    },
  },
  models: {
    gpt: { targets: ['openai/sim-chat'], price },
    claude: { targets: ['anthropic/sim-chat'], price },
    keyed: { targets: ['keyed/sim-chat'], price: { inputPerMillion: 2, outputPerMillion: 8 } },
    local: { targets: ['compatible/sim-chat'], price: { inputPerMillion: 1, outputPerMillion: 1 } },
    vectors: {
      type: 'embedding',
      targets: ['openai/sim-embedding'],
      price: { inputPerMillion: 1 },
    },
  },
  retry: { maxAttempts: 2, initialDelaySeconds: 0.05, maxDelaySeconds: 0.2 },
  batches: { pollSeconds: 0.1 },
});

const ids = (count: number) => Array.from({ length: count }, (_, i) => `r${i}`);
const native = { execution: 'native' };

describe('a batch that vendors run', () => {
  const stack = useStack({ config });
  const { client, createBatch, ended, linesOf, idsOf } = batchClient(() => stack().url);

  const created = async () => (await stack().simulator.calls('batch-create')).length;

  async function usage() {
    const { body } = await stack().request('GET', '/v1/usage?group_by=provider');
    return body;
  }

  test('is one batch for each target, and gives each custom id its reply in the form of its endpoint, at the price of a batch', async () => {
    const batch = await createBatch(
      [
        ...ids(20).map((id, i) => chatLine(id, i % 2 === 0 ? 'gpt' : 'claude')),
        { custom_id: 'vector', url: '/v1/embeddings', body: { model: 'vectors', input: 'hello' } },
        { custom_id: 'response', url: '/v1/responses', body: { model: 'claude', input: 'hello' } },
      ],
      native,
    );
    const done = await ended(batch.id);
    expect(done).toMatchObject({
      status: 'completed',
      request_counts: { total: 22, completed: 22, failed: 0 },
      error_file_id: null,
    });
    const lines = await linesOf(done.output_file_id);
    expect(new Set(lines.map((line) => line.custom_id)).size).toBe(22);
    const bodyOf = (id: string) => lines.find((line) => line.custom_id === id)?.response?.body;
    expect(bodyOf('r0')).toMatchObject({
      object: 'chat.completion',
      model: 'gpt',
      choices: [{ message: { content: 'You said: say r0' } }],
    });
    expect(bodyOf('r1')).toMatchObject({ choices: [{ message: { content: 'You said: say r1' } }] });
    expect(bodyOf('vector')).toMatchObject({ object: 'list', data: [{ index: 0 }] });
    expect(bodyOf('response')).toMatchObject({ object: 'response', status: 'completed' });

    expect(await created()).toBe(3);
    expect(await stack().simulator.calls('chat')).toEqual([]);
    const { cost_usd: cost, usage: used } = done as OpenAI.Batch & { cost_usd: string };
    const chats = await stack().simulator.calls('batch-chat');
    const input = chats.reduce((sum, call) => sum + call.inputTokens, 0);
    const output = chats.reduce((sum, call) => sum + call.outputTokens, 0);
    const vectors = (await stack().simulator.calls('batch-embedding'))[0]?.inputTokens ?? 0;
    expect(Number(cost)).toBeCloseTo((input * 2 + output * 8 + vectors) / 2 / 1e6, 6);
    expect(used?.total_tokens).toBe(input + output + vectors);
    await waitFor(async () => JSON.stringify(await usage()).includes('anthropic'));

    const { body } = await stack().request('GET', `/v1/jobs/${batch.id}?include=timeline`);
    const { timeline } = body as { timeline: { type: string; data: Record<string, unknown> }[] };
    const sent = timeline.filter(({ type }) => type === 'batch.sent').map(({ data }) => data);
    expect(
      sent.toSorted((one, other) => Number(other['lines']) - Number(one['lines'])),
    ).toMatchObject([
      { provider: 'anthropic', model: 'sim-chat', lines: 11 },
      { provider: 'openai', model: 'sim-chat', lines: 10 },
      { provider: 'openai', model: 'sim-embedding', lines: 1 },
    ]);
    expect(timeline.map(({ type }) => type)).toContain('batch.progress');
  });

  test('has what its vendor refuses in the error file, and fails as a whole where a line can be in no batch', async () => {
    const done = await ended(
      (await createBatch([chatLine('a', 'gpt'), chatLine('b', 'claude')], native)).id,
    );
    expect(done.status).toBe('completed');
    await stack().simulator.behaviour({
      batch: { failWith: { code: 'bad', message: 'Not this one.' } },
    });
    const refused = await ended((await createBatch([chatLine('a', 'gpt')], native)).id);
    expect(await linesOf(refused.error_file_id)).toMatchObject([
      {
        custom_id: 'a',
        error: {
          code: 'upstream_invalid_request',
          message: expect.stringContaining('Not this one.'),
        },
      },
    ]);
    const impossible = await ended(
      (await createBatch([chatLine('a', 'gpt'), chatLine('b', 'local')], native)).id,
    );
    expect(impossible.status).toBe('failed');
    expect(impossible.errors?.data).toMatchObject([{ line: 2, param: 'body.model' }]);
    expect(impossible.errors?.data?.[0]?.message).toContain('has no batches');
  });

  test('is what auto is where every line can be in one and a day may pass', async () => {
    const auto = { execution: 'auto' };
    const run = async (lines: object[], options = {}) => {
      const batch = await createBatch(lines, { ...auto, ...options });
      expect((await ended(batch.id)).status).toBe('completed');
      return await created();
    };
    expect(await run([chatLine('a', 'gpt'), chatLine('b', 'local')])).toBe(0);
    const soon = { completion_window: '1h' as '24h' };
    expect(await run([chatLine('a', 'gpt')], soon)).toBe(0);
    const { body } = chatLine('a', 'gpt');
    const asking = { ...chatLine('a', 'gpt'), body: { ...body, fallbacks: ['claude'] } };
    expect(await run([asking])).toBe(0);
    expect(await run([chatLine('a', 'gpt')])).toBe(1);
    const refused = await ended((await createBatch([asking], native)).id);
    expect(refused.errors?.data).toMatchObject([{ line: 1, param: 'body.fallbacks' }]);
  });

  test.each(['gpt', 'claude'])(
    'of %s is cancelled at its vendor; what has an answer keeps it',
    async (model) => {
      await stack().simulator.behaviour({ batch: { delayMs: 3_000 } });
      const batch = await createBatch(
        ids(20).map((id) => chatLine(id, model)),
        native,
      );
      await waitFor(async () => (await stack().simulator.bought('batch-chat')) > 1);
      await client().batches.cancel(batch.id);
      const done = await ended(batch.id);
      expect(done.status).toBe('cancelled');
      const bought = await stack().simulator.bought('batch-chat');
      expect(done.request_counts).toEqual({ total: 20, completed: bought, failed: 20 - bought });
      expect(await idsOf(done)).toEqual(ids(20).toSorted());
      const lost = await linesOf(done.error_file_id);
      expect(new Set(lost.map(({ error }) => error?.code))).toEqual(new Set(['batch_cancelled']));
      expect(bought).toBeLessThan(20);
    },
  );

  test.each(['gpt', 'claude'])(
    'of %s tells which lines its vendor had no time for',
    async (model) => {
      await stack().simulator.behaviour({ batch: { expireAfterLines: 2 } });
      const done = await ended(
        (
          await createBatch(
            ids(5).map((id) => chatLine(id, model)),
            native,
          )
        ).id,
      );
      expect(done.request_counts).toEqual({ total: 5, completed: 2, failed: 3 });
      const lost = await linesOf(done.error_file_id);
      expect(lost.map(({ error }) => error?.code)).toEqual(Array(3).fill('batch_expired'));
    },
  );

  test('that its vendor has no room for goes there in pieces, one after the other, and is bought once', async () => {
    const limit = 12_000;
    await stack().simulator.behaviour({
      reply: 'Yes.',
      batch: { maxEnqueuedTokens: limit, delayMs: 300 },
    });
    const long = 'seven words of one line for all. '.repeat(240);
    const count = 12;
    const asked = ids(count).map((id) => chatLine(id, 'gpt', long));
    const done = await ended((await createBatch(asked, native)).id);
    expect(done.request_counts).toEqual({ total: count, completed: count, failed: 0 });
    expect(await idsOf(done)).toEqual(ids(count).toSorted());
    expect(await stack().simulator.bought('batch-chat')).toBe(count);
    const { body } = await stack().request('GET', `/v1/jobs/${done.id}?include=timeline`);
    const { timeline } = body as { timeline: { type: string; data: { parts?: number } }[] };
    const divided = timeline.filter(({ type }) => type === 'batch.divided');
    expect(divided.length).toBeGreaterThan(0);
  });

  test('is sent and read by the same key, and not by one that its vendor refuses', async () => {
    await stack().simulator.fault({
      match: { kind: 'file', key: 'bad' },
      times: 1_000,
      fault: { kind: 'status', status: 401 },
    });
    const batches = await Promise.all(
      ids(4).map((id) => createBatch([chatLine(id, 'keyed')], native)),
    );
    const counts = await Promise.all(
      batches.map(async ({ id }) => (await ended(id)).request_counts),
    );
    expect(counts).toEqual(ids(4).map(() => ({ total: 1, completed: 1, failed: 0 })));
    const keys = (await stack().simulator.calls('batch-create')).map(({ key }) => String(key));
    expect(keys).toHaveLength(4);
    expect(keys).not.toContain('bad');
  });

  test.each(['gpt', 'claude'])(
    'of %s pays half of what its vendor’s prompt cache has made of the price',
    async (model) => {
      const text = 'What all lines begin with. '.repeat(300);
      const marked = [{ type: 'text', text, cache_control: { type: 'ephemeral' } }];
      const content = model === 'claude' ? marked : text;
      const asked = ids(3).map((id) => {
        const line = chatLine(id, model);
        return { ...line, body: { model, messages: [{ role: 'user', content }] } };
      });
      const done = await ended((await createBatch(asked, native)).id);
      const { usage: used, cost_usd: cost } = done as OpenAI.Batch & {
        cost_usd: string;
        usage: { input_tokens_details: { cached_tokens: number; cache_write_tokens: number } };
      };
      const { cached_tokens: read, cache_write_tokens: written } = used.input_tokens_details;
      expect(read).toBeGreaterThan(1_000);
      if (model === 'claude') expect(written).toBeGreaterThan(1_000);
      const fresh = used.input_tokens - read - written;
      const whole = fresh * 2 + read * 0.2 + written * 2.5 + used.output_tokens * 8;
      expect(Number(cost)).toBeCloseTo(whole / 2 / 1e6, 6);
    },
  );

  async function budget() {
    const { body } = await stack().request('GET', '/v1/budgets');
    const { data } = body as {
      data: { reserved_usd: string; daily: { spent_usd: string } }[];
    };
    return { reserved: Number(data[0]?.reserved_usd), spent: Number(data[0]?.daily.spent_usd) };
  }

  /** Everything that is read, again and again, until it is stopped. */
  function readAll(read: () => Promise<number>) {
    const seen: number[] = [];
    const over = new AbortController();
    const reading = (async () => {
      while (!over.signal.aborted) seen.push(await read());
    })();
    return {
      seen,
      stop: async () => {
        over.abort();
        await reading;
      },
    };
  }

  test('sets aside what each part may cost before it is sent, and ends what has no room unspent', async () => {
    const allow = async (daily: number) => {
      const asked = { scope: 'tenant', id: 'default', daily_usd: daily };
      await stack().request('POST', '/v1/budgets', asked);
    };
    onTestFinished(async () => {
      await stack().request('DELETE', '/v1/budgets/tenant/default');
    });
    await allow(1_000);
    await allow((await budget()).spent + 1);
    const bounded = (id: string, most: number) => {
      const line = chatLine(id, 'gpt');
      return { ...line, body: { ...line.body, max_completion_tokens: most } };
    };
    // Workers know of a budget half a second later. 1.20 dollars, at half of eight dollars a million.
    await waitFor(async () => {
      const done = await ended((await createBatch([bounded('c', 300_000)], native)).id);
      const [line] = await linesOf(done.error_file_id);
      return line?.error?.code === 'budget_exceeded';
    });
    await stack().simulator.behaviour({ batch: { delayMs: 1_500 } });
    // What those had set aside that came before the workers knew.
    await waitFor(async () => (await budget()).reserved === 0);
    const before = await stack().simulator.bought('batch-chat');
    const reading = readAll(async () => (await budget()).reserved);
    // Four fifths of a dollar each.
    const [first, second] = await Promise.all([
      createBatch([bounded('a', 200_000)], native),
      createBatch([bounded('b', 200_000)], native),
    ]);
    // The second waits for the first, and has room as soon as that has cost what it did.
    const done = [await ended(first.id), await ended(second.id)];
    await reading.stop();
    expect(Math.max(...reading.seen)).toBeGreaterThan(0.8);
    expect(Math.max(...reading.seen)).toBeLessThan(1);
    expect(done.map((batch) => batch.request_counts?.completed)).toEqual([1, 1]);
    expect(await stack().simulator.bought('batch-chat')).toBe(before + 2);
    await waitFor(async () => (await budget()).reserved === 0);
  });

  test('waits through a vendor that is down, and buys once where a reply was lost', async () => {
    await stack().simulator.fault(
      { match: { kind: 'file' }, fault: { kind: 'status', status: 503 } },
      { match: { kind: 'batch-create' }, fault: { kind: 'reset', afterBytes: 0 } },
      { match: { kind: 'batch' }, times: 2, fault: { kind: 'status', status: 500 } },
    );
    const done = await ended((await createBatch([chatLine('a', 'gpt')], native)).id);
    expect(done.request_counts).toEqual({ total: 1, completed: 1, failed: 0 });
    expect(await stack().simulator.bought('batch-chat')).toBe(1);
  });
});

describe('a worker that is killed', () => {
  const stack = useStack({ config, workers: 0 });
  const { createBatch, ended, idsOf } = batchClient(() => stack().url);
  const file = 'test/support/crashing-worker.ts';
  /** Its lock ends soon after its death; one that is shorter would be lost by who lives, where the machine is busy. */
  const startDying = (CRASH_AT: string) =>
    stack().addWorker({ file, environment: { CRASH_AT, LOCK_MS: '3000', CHECK_MS: '500' } });
  /** Finds that lock soon, and has a longer one itself. */
  const startNext = () => stack().addWorker({ file, environment: { CHECK_MS: '500' } });

  test.each([
    ['when the file is there', 'gpt', 'reply /files'],
    ['when the batch is bought', 'gpt', 'reply /batches'],
    ['before the batch is bought', 'claude', 'post /batches'],
    ['when the batch is bought', 'claude', 'reply /batches'],
  ])(
    '%s of %s has it bought once',
    async (_, model, moment) => {
      const killed = await startDying(moment);
      const batch = await createBatch(
        ids(3).map((id) => chatLine(id, model)),
        native,
      );
      await killed.exited;
      const next = await startNext();
      const done = await ended(batch.id);
      next.kill('SIGKILL');
      await next.exited;
      expect(done.request_counts).toEqual({ total: 3, completed: 3, failed: 0 });
      expect(await idsOf(done)).toEqual(ids(3));
      expect(await stack().simulator.bought('batch-chat')).toBe(3);
      const bought = (await stack().simulator.calls('batch-create')).filter(
        ({ status }) => status === 200,
      );
      expect(bought).toHaveLength(1);
    },
    60_000,
  );
});
