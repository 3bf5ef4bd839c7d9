import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import type { JobView } from '@sluice/contracts';
import { describe, expect, onTestFinished, test } from 'vitest';

import { adminKey, defaultConfig, useStack } from '../support/start-stack.ts';

const execute = promisify(execFile);

function config(addresses: { simulatorUrl: string }): Record<string, unknown> {
  const base = defaultConfig(addresses);
  const { chat } = base['models'] as { chat: object };
  const cached = (cache: object) => ({ ...chat, cache: { ttlSeconds: 600, ...cache } });
  return {
    ...base,
    models: {
      chat: cached({}),
      plain: chat,
      stale: cached({ ttlSeconds: 0.2, staleWhileRevalidateSeconds: 600 }),
      spare: cached({ ttlSeconds: 0.2, staleIfErrorSeconds: 600 }),
      open: cached({ scope: 'shared' }),
      next: cached({ version: 'v2' }),
      close: cached({ strategy: 'normalized' }),
      similar: cached({ strategy: 'semantic', semantic: { threshold: 0.6 } }),
      likened: cached({ strategy: 'semantic', semantic: { embeddingModel: 'vectors' } }),
      vectors: {
        type: 'embedding',
        targets: ['openai/sim-embedding'],
        price: { inputPerMillion: 0.02 },
      },
    },
    apps: {
      flow: { provider: 'dify', apiKey: 'app-sim', cache: { ttlSeconds: 600, version: '7' } },
      talk: { provider: 'dify', kind: 'chat', apiKey: 'app-chat', cache: { ttlSeconds: 600 } },
    },
    retry: { maxAttempts: 2, initialDelaySeconds: 0.05, maxDelaySeconds: 0.1 },
  };
}

const ask = (content: string, more: Record<string, unknown> = {}) => ({
  type: 'chat',
  model: 'chat',
  input: { messages: [{ role: 'user', content }] },
  ...more,
});

describe('the cache of a job', () => {
  const stack = useStack({ config });
  const calls = async () => (await stack().simulator.calls('chat')).length;
  const run = async (body: unknown, headers?: Record<string, string>) => {
    const { id, ...shown } = await stack().submit(body, headers);
    return shown.state === 'queued' ? await stack().ended(id) : { id, ...shown };
  };

  test('a hit has ended in the reply to its submit, with how it was found and what it saved', async () => {
    const first = await run(ask('hit'));
    expect(first).toMatchObject({ cache: { status: 'miss' } });
    const hit = await stack().submit(ask('hit'));
    expect(hit).toMatchObject({
      state: 'completed',
      result: first.result,
      cache: { status: 'hit', strategy: 'exact', age_seconds: expect.any(Number) },
      cost_usd: '0.000000',
      saved_usd: first.cost_usd,
      attempts: [],
    });
    expect(await calls()).toBe(1);
  });

  /** Closes the lane until the test has ended. Workers know of it within half a second: by then the question that is returned waits. */
  const pauseLane = async () => {
    let waiting = '';
    await stack().request('POST', '/v1/limits/openai/pause', {});
    onTestFinished(async () => {
      await stack().request('POST', '/v1/limits/openai/resume');
      if (waiting) await stack().ended(waiting);
    });
    for (let i = 0; ; i += 1) {
      const word = `asked while paused ${i}`;
      const { id } = await stack().submit(ask(word));
      waiting = id;
      const look = async () => {
        const { state, waiting_on } = (await stack().request('GET', `/v1/jobs/${id}`))
          .body as JobView;
        return waiting_on?.limit ?? state;
      };
      await expect.poll(look).toMatch(/completed|paused by an operator/);
      if ((await look()) !== 'completed') return word;
    }
  };

  test('a hit waits for no lane: a paused one, and one whose provider is down', async () => {
    await run(ask('paused'));
    const word = await pauseLane();
    expect(await stack().submit(ask('paused'))).toMatchObject({ state: 'completed' });
    expect(await stack().submit(ask(word, { cache: { mode: 'only' } }))).toMatchObject({
      state: 'failed',
      error: { code: 'cache_miss', param: 'cache.mode' },
    });
  });

  test('requests of a batch and a delayed job are answered while their lane is closed', async () => {
    for (const word of ['one', 'two']) await run(ask(word));
    await pauseLane();
    const bought = await calls();
    const requests = ['one', 'two'].map((word) => ask(word));
    const batch = await run({ type: 'batch', input: { requests } });
    const items = [{ status: 'succeeded' }, { status: 'succeeded' }];
    expect(batch).toMatchObject({ state: 'completed', result: { items } });
    expect(batch.cost_usd).toBe('0.000000');
    const later = await run(ask('two', { delay_seconds: 0.3 }));
    expect(later).toMatchObject({ state: 'completed', cache: { status: 'hit' }, attempts: [] });
    const only = { ...ask('three'), delay_seconds: 0.3, cache: { mode: 'only' } };
    expect(await run(only)).toMatchObject({ state: 'failed', error: { code: 'cache_miss' } });

    const lines = ['one', 'two'].map((content, i) => {
      const body = { model: 'chat', messages: [{ role: 'user', content }] };
      return JSON.stringify({
        custom_id: String(i),
        method: 'POST',
        url: '/v1/chat/completions',
        body,
      });
    });
    const form = new FormData();
    form.set('purpose', 'batch');
    form.set('file', new Blob([lines.join('\n')]), 'requests.jsonl');
    const headers = { authorization: `Bearer ${adminKey}` };
    const sent = await fetch(`${stack().url}/v1/files`, { method: 'POST', headers, body: form });
    const { id } = (await sent.json()) as { id: string };
    const made = await stack().request('POST', '/v1/batches', {
      input_file_id: id,
      endpoint: '/v1/chat/completions',
      completion_window: '24h',
    });
    const { id: batchId } = made.body as { id: string };
    const shown = async () => (await stack().request('GET', `/v1/batches/${batchId}`)).body;
    await expect.poll(shown, { timeout: 10_000 }).toMatchObject({
      status: 'completed',
      request_counts: { total: 2, completed: 2, failed: 0 },
    });
    expect(await calls()).toBe(bought);
  });

  test('a hit is answered although the budget is used up: it costs nothing', async () => {
    await stack().request('POST', '/v1/admin/tenants', { id: 'poor' });
    const made = { tenant_id: 'poor', scopes: ['submit', 'read'] };
    const { body } = await stack().request('POST', '/v1/admin/keys', made);
    const authorization = `Bearer ${(body as { key: string }).key}`;
    const submit = async (job: object) => {
      const headers = { authorization, prefer: 'wait=20' };
      return await stack().request('POST', '/v1/jobs', job, headers);
    };
    await submit(ask('paid'));
    const budget = { scope: 'tenant', id: 'poor', daily_usd: 0.000_001 };
    await stack().request('POST', '/v1/budgets', budget);
    const bought = ask('bought', { cache: { mode: 'bypass' } });
    const refusal = async () => (await submit(bought)).status;
    await expect.poll(refusal, { timeout: 10_000 }).toBe(402);
    expect((await submit(ask('paid'))).body).toMatchObject({
      state: 'completed',
      cache: { status: 'hit' },
      cost_usd: '0.000000',
    });
    const [later, unpaid] = ['paid', 'unpaid'].map((word) => ask(word, { delay_seconds: 0.2 }));
    expect((await submit(later!)).body).toMatchObject({ cache: { status: 'hit' } });
    expect((await submit(unpaid!)).body).toMatchObject({
      error: { code: 'budget_exceeded' },
      attempts: [],
    });
  });

  test('each mode does as its row says', async () => {
    const mode = (name: string) => run(ask('modes', { cache: { mode: name } }));
    expect(await mode('only')).toMatchObject({ state: 'failed', error: { code: 'cache_miss' } });
    expect(await calls()).toBe(0);
    expect(await mode('bypass')).toMatchObject({ cache: { status: 'bypass' } });
    expect(await mode('only')).toMatchObject({ state: 'failed' });
    expect(await mode('refresh')).toMatchObject({ cache: { status: 'refresh' } });
    expect(await mode('only')).toMatchObject({ cache: { status: 'hit' } });
    expect(await mode('refresh')).toMatchObject({ cache: { status: 'refresh' } });
    expect(await mode('default')).toMatchObject({ cache: { status: 'hit' } });
    expect(await calls()).toBe(3);
  });

  test('a model that does not cache does when the job names a time, and `only` never calls it', async () => {
    const plain = (cache?: object) =>
      run(ask('plain', { model: 'plain', ...(cache && { cache }) }));
    expect(await plain()).toMatchObject({ cache: { status: 'off' } });
    expect(await plain({ mode: 'only' })).toMatchObject({ error: { code: 'cache_miss' } });
    expect(await plain({ ttl_seconds: 60 })).toMatchObject({ cache: { status: 'miss' } });
    expect(await plain({ ttl_seconds: 60 })).toMatchObject({ cache: { status: 'hit' } });
    expect(await calls()).toBe(2);
  });

  test('a reply is too old for a job that says so', async () => {
    await run(ask('old'));
    expect(await run(ask('old', { cache: { max_age_seconds: 0 } }))).toMatchObject({
      cache: { status: 'miss' },
    });
  });

  test('a stale reply answers at once, and one job fetches another', async () => {
    const stale = () => run(ask('stale', { model: 'stale' }));
    await stale();
    await sleep(250);
    await stack().simulator.behaviour({ reply: 'fresh words' });
    const answers = await Promise.all([stale(), stale(), stale()]);
    for (const job of answers) expect(job).toMatchObject({ cache: { status: 'stale' } });
    await expect.poll(calls).toBe(2);
    const { body } = await stack().request('GET', '/v1/jobs?limit=5');
    const { data } = body as { data: JobView[] };
    const fetching = data.find(({ metadata }) => metadata?.['revalidates'] !== undefined);
    expect(fetching).toMatchObject({ priority: 'low', model: 'stale' });
    await stack().ended(fetching?.id ?? '');
    expect(await calls()).toBe(2);
  });

  test('a stale reply answers when the call fails, and the failed call is in the ledger', async () => {
    const spare = () => run(ask('spare', { model: 'spare' }));
    const first = await spare();
    await sleep(250);
    await stack().simulator.fault({
      match: { kind: 'chat' },
      fault: { kind: 'status', status: 503 },
      times: 1,
    });
    const second = await spare();
    expect(second).toMatchObject({
      state: 'completed',
      result: first.result,
      cache: { status: 'stale' },
      attempts: [{ outcome: 'failed' }],
    });
    await sleep(250);
    expect(await spare()).toMatchObject({ cache: { status: 'miss' } });
  });

  test.each([
    ['tag', { tag: 'handbook' }],
    ['model', { model: 'chat' }],
    ['all', { all: true }],
  ])('what is invalidated by %s is asked for again', async (by, what) => {
    const tagged = () => run(ask(`forget ${by}`, { cache: { tags: ['handbook'] } }));
    await tagged();
    expect(await tagged()).toMatchObject({ cache: { status: 'hit' } });
    const reply = await stack().request('POST', '/v1/cache/invalidate', what);
    expect(reply).toMatchObject({ status: 200, body: { ...what, invalidated: true } });
    expect(await tagged()).toMatchObject({ cache: { status: 'miss' } });
  });

  test('a request to invalidate says exactly one thing', async () => {
    for (const body of [{}, { tag: 'a', model: 'b' }, { tag: 'no spaces' }, { all: false }]) {
      const reply = await stack().request('POST', '/v1/cache/invalidate', body);
      expect(reply).toMatchObject({ status: 400, body: { error: { code: 'invalid_request' } } });
    }
  });

  test('an app caches by its version, and its replies go by its name', async () => {
    const flow = () => run({ type: 'workflow', app: 'flow', input: { inputs: { topic: 'app' } } });
    await flow();
    expect(await flow()).toMatchObject({ cache: { status: 'hit' } });
    await stack().request('POST', '/v1/cache/invalidate', { app: 'flow' });
    expect(await flow()).toMatchObject({ cache: { status: 'miss' } });
    const inSession = {
      type: 'workflow',
      app: 'talk',
      session_id: 's',
      input: { inputs: {}, query: 'Hi' },
    };
    expect(await run(inSession)).toMatchObject({ cache: { status: 'bypass' } });
  });

  test('two tenants share nothing, unless the model says that they do', async () => {
    const keys: string[] = [];
    for (const id of ['anna', 'bert']) {
      await stack().request('POST', '/v1/admin/tenants', { id });
      const scopes = ['submit', 'read'];
      const { body } = await stack().request('POST', '/v1/admin/keys', { tenant_id: id, scopes });
      keys.push((body as { key: string }).key);
    }
    const [anna, bert] = keys.map((key) => ({ authorization: `Bearer ${key}` }));
    const status = async (body: object, headers?: Record<string, string>) => {
      const prefer = { ...headers, prefer: 'wait=20' };
      const reply = await stack().request('POST', '/v1/jobs', body, prefer);
      return (reply.body as JobView).cache?.status;
    };
    expect(await status(ask('ours'), anna)).toBe('miss');
    expect(await status(ask('ours'), bert)).toBe('miss');
    expect(await status(ask('ours'), anna)).toBe('hit');
    await stack().request('POST', '/v1/cache/invalidate', { all: true }, bert);
    expect(await status(ask('ours'), anna)).toBe('hit');
    expect(await status(ask('ours'), bert)).toBe('miss');

    const open = ask('open', { model: 'open' });
    expect(await status(open, anna)).toBe('miss');
    expect(await status(open, bert)).toBe('hit');
    const forget = { all: true, scope: 'shared' };
    expect(await stack().request('POST', '/v1/cache/invalidate', forget, bert)).toMatchObject({
      status: 403,
    });
    await stack().request('POST', '/v1/cache/invalidate', forget);
    expect(await status(open, bert)).toBe('miss');
  });

  test('what was drawn by chance or cut off is not kept, unless somebody says so', async () => {
    const input = { messages: [{ role: 'user', content: 'chance' }], temperature: 0.9 };
    const drawn = (more: object = {}) => run({ ...ask(''), input: { ...input, ...more } });
    expect(await drawn()).toMatchObject({ cache: { status: 'bypass' } });
    expect(await drawn()).toMatchObject({ cache: { status: 'bypass' } });
    expect(await drawn({ seed: 7 })).toMatchObject({ cache: { status: 'miss' } });
    expect(await drawn({ seed: 7 })).toMatchObject({ cache: { status: 'hit' } });
    const sampled = { ...ask(''), input, cache: { sampled: true } };
    expect(await run(sampled)).toMatchObject({ cache: { status: 'miss' } });
    expect(await run(sampled)).toMatchObject({ cache: { status: 'hit' } });
    const cut = { ...ask(''), input: { messages: input.messages, max_tokens: 1 } };
    expect(await run(cut)).toMatchObject({ result: { finish_reason: { unified: 'length' } } });
    expect(await run(cut)).toMatchObject({ cache: { status: 'miss' } });
  });

  test('the normalized strategy sees through white space and the form of a question only', async () => {
    const status = async (content: string) =>
      (await run(ask(content, { model: 'close' }))).cache?.status;
    expect(await status('What is Redis?')).toBe('miss');
    expect(await status('  what   is Redis ')).toBe('hit');
    expect(await status('What is redis?')).toBe('miss');
    expect(await status('What is Redis 7?')).toBe('miss');
  });

  test('the semantic strategy finds a question in other words, with all else equal', async () => {
    const similar = (content: string, more: object = {}) =>
      run({
        ...ask('', { model: 'similar' }),
        input: { messages: [{ role: 'user', content }], ...more },
      });
    const first = await similar('How do I reset my password?');
    const second = await similar('Please tell me how I can reset the password');
    expect(second).toMatchObject({
      result: first.result,
      cache: { status: 'hit', strategy: 'semantic', similarity: expect.any(Number) },
      cost_usd: '0.000000',
    });
    for (const changed of [
      similar('How do I not reset my password?'),
      similar('How do I reset my 2 passwords?'),
      similar('Please tell me how I can reset the password', { max_tokens: 50 }),
    ]) {
      expect(await changed).toMatchObject({ cache: { status: 'miss' } });
    }
    await stack().request('POST', '/v1/cache/invalidate', { model: 'similar' });
    expect(await similar('Tell me how I can reset the password')).toMatchObject({
      cache: { status: 'miss' },
    });
  });

  test('a model embeds the questions where one is named, and what that costs is the job’s', async () => {
    const job = await run(ask('How do I bake a bread?', { model: 'likened' }));
    expect(job).toMatchObject({ state: 'completed', cache: { status: 'miss' } });
    expect(await stack().simulator.calls('embedding')).toHaveLength(1);
    expect(await run(ask('How do I bake a bread?', { model: 'likened' }))).toMatchObject({
      cache: { status: 'hit', strategy: 'normalized' },
    });
    expect(await stack().simulator.calls('embedding')).toHaveLength(1);
    const usage = async () => (await stack().request('GET', '/v1/usage?group_by=model')).body;
    await expect.poll(async () => JSON.stringify(await usage())).toContain('"vectors"');
  });

  test('a session is one conversation, and what is cached in it depends on what was said', async () => {
    const say = (session_id: string, content: string) => run(ask(content, { session_id }));
    const first = await say('a', 'My name is Ann');
    const second = await say('a', 'Who am I?');
    expect(second.usage?.input_tokens).toBeGreaterThan(first.usage?.input_tokens ?? 0);
    // The same words with nothing before them, and after other words.
    expect(await say('b', 'Who am I?')).toMatchObject({ cache: { status: 'miss' } });
    expect(await say('c', 'My name is Ann')).toMatchObject({ cache: { status: 'hit' } });
    expect(await say('c', 'Who am I?')).toMatchObject({
      cache: { status: 'hit' },
      result: second.result,
    });
    expect(await say('a', 'Who am I?')).toMatchObject({ cache: { status: 'miss' } });
    expect(await run(ask('Who am I?'))).toMatchObject({ cache: { status: 'hit' } });
    expect(await calls()).toBe(4);
    expect((await stack().request('DELETE', '/v1/sessions/a')).status).toBe(200);
    expect(await say('a', 'My name is Ann')).toMatchObject({ cache: { status: 'hit' } });
  });

  const cli = async (...given: string[]) => {
    const environment = { SLUICE_URL: stack().url, SLUICE_ADMIN_KEY: adminKey };
    const file = fileURLToPath(new URL('../../apps/cli/src/main.ts', import.meta.url));
    const env = { ...process.env, ...environment };
    return JSON.parse(
      (await execute(process.execPath, [file, ...given], { env })).stdout,
    ) as unknown;
  };

  test('a file of requests is preloaded from a shell, and forgotten again', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sluice-preload-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const file = join(folder, 'requests.jsonl');
    const lines = ['one', 'two', 'three'].map((word) => JSON.stringify(ask(`preload ${word}`)));
    await writeFile(file, `${lines.join('\n')}\n`);
    expect(await cli('cache', 'preload', file, '--tag', 'handbook')).toMatchObject({
      requests: 3,
      failed: 0,
    });
    const only = () => run(ask('preload two', { cache: { mode: 'only' } }));
    expect(await only()).toMatchObject({ cache: { status: 'hit' } });
    expect(await cli('cache', 'invalidate', '--tag', 'handbook')).toMatchObject({
      invalidated: true,
    });
    expect(await only()).toMatchObject({ error: { code: 'cache_miss' } });
    await writeFile(file, 'no json');
    await expect(cli('cache', 'preload', file)).rejects.toThrow(/requests.jsonl:1: not JSON/);
  });

  test('every curl command of docs/caching.md works as written', async () => {
    const page = await readFile(new URL('../../docs/caching.md', import.meta.url), 'utf8');
    const [, block = ''] = /```sh\n(curl.*?)```/s.exec(page) ?? [];
    const commands = block.split(/\n(?=curl)/);
    expect(commands).toHaveLength(2);
    for (const command of commands) {
      const here = command
        .replaceAll('http://127.0.0.1:8080', stack().url)
        .replaceAll('sim-chat', 'chat');
      const { stdout } = await execute('sh', ['-c', here], {
        env: { ...process.env, KEY: adminKey },
      });
      expect(JSON.parse(stdout)).not.toHaveProperty('error');
    }
  });
});
