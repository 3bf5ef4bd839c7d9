import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import OpenAI, { NotFoundError, toFile } from 'openai';
import { describe, expect, onTestFinished, test } from 'vitest';

import { waitFor } from '@sluice/testing';

import { batchClient, chatLine, type ResultLine } from '../support/batch-client.ts';
import { adminKey, useStack } from '../support/start-stack.ts';

const run = promisify(execFile);

/**
 * The official client, unmodified, against Sluice in front of two vendors and an app of Dify. The windows are short and the
 * queue is small, so that a file of a hundred lines is fed in several turns.
 */
const stack = useStack({
  workers: 1,
  config: ({ simulatorUrl }) => ({
    providers: {
      openai: { kind: 'openai-compatible', baseUrl: `${simulatorUrl}/openai/v1`, apiKey: 'key' },
      anthropic: { kind: 'anthropic', baseUrl: `${simulatorUrl}/anthropic`, apiKey: 'key' },
      slow: {
        kind: 'openai-compatible',
        baseUrl: `${simulatorUrl}/openai/v1`,
        apiKey: 'slow',
        limits: { concurrency: 2 },
      },
      dify: { kind: 'dify', baseUrl: `${simulatorUrl}/dify/v1` },
    },
    models: {
      gpt: {
        targets: ['openai/sim-chat'],
        price: { inputPerMillion: 2, outputPerMillion: 8 },
      },
      claude: {
        targets: ['anthropic/sim-chat'],
        price: { inputPerMillion: 3, outputPerMillion: 15 },
      },
      slow: { targets: ['slow/sim-chat'], price: { inputPerMillion: 1, outputPerMillion: 1 } },
      vectors: { type: 'embedding', targets: ['openai/sim-embedding'] },
      // As docs/batches.md calls them.
      'sim-chat': 'openai/sim-chat',
      'sim-embedding': { type: 'embedding', targets: ['openai/sim-embedding'] },
    },
    apps: {
      flow: { provider: 'dify', apiKey: 'app-sim' },
      'sim-workflow': { provider: 'dify', apiKey: 'app-sim' },
    },
    retry: { maxAttempts: 4, initialDelaySeconds: 0.05, maxDelaySeconds: 0.2 },
    batches: { window: 40 },
  }),
});

const { client, createBatch, ended, linesOf, idsOf } = batchClient(() => stack().url);
const chat = chatLine;

const asking = (line: ReturnType<typeof chat>, more: object) => ({
  ...line,
  body: { ...line.body, ...more },
});
const ids = (count: number) => Array.from({ length: count }, (_, i) => `r${i}`);

describe('a batch of a file', () => {
  test('runs over two vendors and an app, and gives each custom id its reply in the form of its endpoint', async () => {
    const mixed = [
      ...ids(120).map((id, i) => chat(id, i % 2 === 0 ? 'gpt' : 'claude')),
      chat('app', 'flow', 'queues'),
      { custom_id: 'run', url: '/v1/workflows/run', body: { app: 'flow', inputs: { topic: 'x' } } },
      { custom_id: 'vector', url: '/v1/embeddings', body: { model: 'vectors', input: 'hello' } },
      { custom_id: 'response', url: '/v1/responses', body: { model: 'gpt', input: 'hello' } },
    ];
    const created = await createBatch(mixed, { metadata: { night: '1' } });
    expect(created).toMatchObject({ object: 'batch', status: 'validating', errors: null });
    const batch = await ended(created.id);
    expect(batch).toMatchObject({
      status: 'completed',
      request_counts: { total: 124, completed: 124, failed: 0 },
      metadata: { night: '1' },
      error_file_id: null,
    });
    for (const at of [batch.in_progress_at, batch.finalizing_at, batch.completed_at]) {
      expect(at).toBeGreaterThanOrEqual(batch.created_at);
    }
    expect(batch.expires_at).toBe(batch.created_at + 86_400);
    const lines = await linesOf(batch.output_file_id);
    expect(lines.map((line) => line.custom_id).toSorted()).toEqual(
      mixed.map((line) => line.custom_id).toSorted(),
    );
    const bodyOf = (id: string) => lines.find((line) => line.custom_id === id)?.response?.body;
    for (const id of ['r0', 'r1']) {
      expect(bodyOf(id)).toMatchObject({
        object: 'chat.completion',
        model: id === 'r0' ? 'gpt' : 'claude',
        choices: [{ message: { role: 'assistant', content: `You said: say ${id}` } }],
      });
    }
    expect(bodyOf('app')).toMatchObject({ object: 'chat.completion', model: 'flow' });
    expect(bodyOf('run')).toMatchObject({ data: { status: 'succeeded' } });
    expect(bodyOf('vector')).toMatchObject({ object: 'list', model: 'vectors' });
    expect(bodyOf('response')).toMatchObject({ object: 'response', status: 'completed' });
    // Each was bought once, and its cost is in the ledger once.
    expect((await stack().simulator.calls()).length).toBe(124);
    const output = await client().files.retrieve(batch.output_file_id!);
    expect(output).toMatchObject({ purpose: 'batch_output' });
    const listed: string[] = [];
    for await (const one of client().batches.list({ limit: 1 })) listed.push(one.id);
    expect(listed).toContain(created.id);
    const events = await stack().request('GET', `/v1/jobs/${created.id}?include=timeline`);
    expect(JSON.stringify(events.body)).toContain('batch.progress');
  });

  test('is refused as a whole when lines are wrong, and every one of them is named', async () => {
    const created = await createBatch([
      chat('a', 'gpt'),
      '{"custom_id": "b", "method": "POST"',
      chat('c', 'no-such-model'),
      chat('a', 'gpt'),
      '',
      { ...chat('d', 'gpt'), method: 'GET' },
      { ...chat('e', 'gpt'), body: { model: 'gpt', messages: [{ role: 'usr', content: 'x' }] } },
      { ...chat('f', 'gpt'), body: { ...chat('f', 'gpt').body, stream: true } },
      chat('g', 'claude'),
      asking(chat('h', 'claude'), { models: ['claude', 'gpt', 'nobody'] }),
      asking(chat('i', 'gpt'), { fallbacks: ['claude'], fallback: false }),
    ]);
    const batch = await ended(created.id);
    expect(batch.status).toBe('failed');
    expect(batch.errors?.data?.map(({ line, param }) => [line, param])).toEqual([
      [2, null],
      [3, 'body.model'],
      [4, 'custom_id'],
      [6, 'method'],
      [7, 'body.messages[0].role'],
      [8, 'body.stream'],
      [10, 'body.models[2]'],
      [11, 'body.fallbacks'],
    ]);
    expect(batch.errors?.data?.[2]?.message).toContain('line 1');
    const named = await linesOf(batch.error_file_id);
    expect(named.map(({ error }) => error?.line)).toEqual([2, 3, 4, 6, 7, 8, 10, 11]);
    expect(named[1]).toMatchObject({ custom_id: 'c', error: { code: 'model_not_found' } });
    expect(await stack().simulator.calls()).toEqual([]);
  });

  test('is named what is wrong with it before anything is read', async () => {
    const refused = async (body: Record<string, unknown>) => {
      const reply = await stack().request('POST', '/v1/batches', body);
      const { error } = reply.body as { error: { param: string; message: string } };
      return [reply.status, error.param];
    };
    const file = await client().files.create({
      file: await toFile(Buffer.from('x'), 'x'),
      purpose: 'user_data',
    });
    const good = {
      input_file_id: file.id,
      endpoint: '/v1/chat/completions',
      completion_window: '24h',
    };
    expect(await refused(good)).toEqual([400, 'input_file_id']);
    expect(await refused({ ...good, input_file_id: 'file-none' })).toEqual([400, 'input_file_id']);
    expect(await refused({ ...good, endpoint: '/v1/moderations' })).toEqual([400, 'endpoint']);
    expect(await refused({ ...good, completion_window: '8d' })).toEqual([400, 'completion_window']);
    expect(await refused({ ...good, execution: 'later' })).toEqual([400, 'execution']);
    const empty = await ended((await createBatch([])).id);
    expect(empty.errors?.data?.[0]).toMatchObject({ code: 'empty_file', line: null });
  });

  test('has failed requests in its error file, with their errors, unless their lines name others to ask', async () => {
    await stack().simulator.fault({
      match: { path: 'anthropic' },
      fault: { kind: 'status', status: 404 },
    });
    const lines = [
      chat('a', 'claude'),
      chat('b', 'gpt'),
      asking(chat('c', 'claude'), { fallbacks: ['gpt'] }),
    ];
    const batch = await ended((await createBatch(lines)).id);
    expect(batch).toMatchObject({
      status: 'completed',
      request_counts: { total: 3, completed: 2, failed: 1 },
    });
    const [failed] = await linesOf(batch.error_file_id);
    expect(failed).toMatchObject({ custom_id: 'a', response: null });
    expect(failed?.error?.message).not.toBe('');
    const answered = await linesOf(batch.output_file_id);
    expect(answered.map((line) => line.custom_id).toSorted()).toEqual(['b', 'c']);
  });

  test('can be read while it runs, and cancelled: what has a result keeps it, the rest says so', async () => {
    await stack().simulator.behaviour({ latencyMs: 100 });
    const created = await createBatch(ids(200).map((id) => chat(id, 'slow')));
    let partial: ResultLine[] = [];
    await waitFor(
      async () => {
        const batch = await client().batches.retrieve(created.id);
        partial = await linesOf(batch.output_file_id);
        return partial.length > 0;
      },
      { timeoutMs: 15_000, intervalMs: 100 },
    );
    const cancelling = await client().batches.cancel(created.id);
    expect(cancelling.status).toBe('cancelling');
    const batch = await ended(created.id);
    expect(batch.status).toBe('cancelled');
    const { total = 0, completed = 0, failed = 0 } = batch.request_counts ?? {};
    expect(completed + failed).toBe(total);
    expect(await idsOf(batch)).toEqual(ids(200).toSorted());
    const errors = await linesOf(batch.error_file_id);
    expect(new Set(errors.map(({ error }) => error?.code))).toEqual(new Set(['batch_cancelled']));
    const kept = (await linesOf(batch.output_file_id)).map((line) => line.custom_id);
    expect(kept).toEqual(expect.arrayContaining(partial.map((line) => line.custom_id)));
    await expect(client().batches.cancel(created.id)).rejects.toThrow('cancelled');
  });

  test('ends when its window is over: what was not run says so', async () => {
    await stack().simulator.behaviour({ latencyMs: 150 });
    const lines = ids(150).map((id) => chat(id, 'slow'));
    const created = await createBatch(lines, { completion_window: '3s' as '24h' });
    const batch = await ended(created.id);
    expect(batch.status).toBe('expired');
    expect(batch.expired_at).toBeGreaterThanOrEqual(batch.expires_at ?? Infinity);
    expect(await idsOf(batch)).toEqual(ids(150).toSorted());
    const errors = await linesOf(batch.error_file_id);
    expect(new Set(errors.map(({ error }) => error?.code))).toEqual(new Set(['batch_expired']));
    expect((await linesOf(batch.output_file_id)).length).toBeGreaterThan(0);
  });

  test('goes on where a killed worker has left it, and gives each custom id once', async () => {
    await stack().simulator.behaviour({ latencyMs: 20 });
    const count = 400;
    const created = await createBatch(
      ids(count).map((id, i) => chat(id, i % 3 ? 'gpt' : 'claude')),
    );
    for (const share of [0.2, 0.6]) {
      await waitFor(
        async () => {
          const { request_counts: counts } = await client().batches.retrieve(created.id);
          return (counts?.completed ?? 0) >= count * share;
        },
        { timeoutMs: 30_000, intervalMs: 20 },
      );
      stack().workers.at(-1)?.kill('SIGKILL');
      await stack().addWorker();
    }
    const batch = await ended(created.id, 60_000);
    expect(batch).toMatchObject({
      status: 'completed',
      request_counts: { total: count, completed: count, failed: 0 },
    });
    expect(await idsOf(batch)).toEqual(ids(count).toSorted());
  }, 120_000);

  test('runs as docs/batches.md says, command by command', async () => {
    const page = await readFile(new URL('../../docs/batches.md', import.meta.url), 'utf8');
    const [, commands = ''] = /^```sh\n(.*?)^```/ms.exec(page) ?? [];
    const here = commands.replaceAll('http://127.0.0.1:8080', stack().url);
    const folder = await mkdtemp(join(tmpdir(), 'sluice-docs-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const environment = { ...process.env, KEY: adminKey };
    const { stdout } = await run('sh', ['-c', here], { cwd: folder, env: environment });
    const batch = stdout.slice(stdout.lastIndexOf('{"id":"batch_'));
    expect(JSON.parse(batch)).toMatchObject({
      status: 'completed',
      request_counts: { total: 3, completed: 3, failed: 0 },
    });
  });

  test('is nobody else’s', async () => {
    await stack().request('POST', '/v1/admin/tenants', { id: 'eve' });
    const { body } = await stack().request('POST', '/v1/admin/keys', {
      tenant_id: 'eve',
      scopes: ['submit', 'read', 'cancel'],
    });
    const { key } = body as { key: string };
    const created = await createBatch([chat('a', 'gpt')]);
    const batch = await ended(created.id);
    const eve = new OpenAI({ baseURL: `${stack().url}/v1`, apiKey: key, maxRetries: 0 });
    await expect(eve.batches.retrieve(batch.id)).rejects.toBeInstanceOf(NotFoundError);
    await expect(eve.batches.cancel(batch.id)).rejects.toBeInstanceOf(NotFoundError);
    await expect(eve.files.content(batch.output_file_id!)).rejects.toBeInstanceOf(NotFoundError);
    expect((await eve.batches.list()).data).toEqual([]);
    const { input_file_id: theirs } = batch;
    await expect(
      eve.batches.create({
        input_file_id: theirs,
        endpoint: '/v1/chat/completions',
        completion_window: '24h',
      }),
    ).rejects.toThrow('there is no file');
  });
});
