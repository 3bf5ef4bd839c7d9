import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect, onTestFinished, test } from 'vitest';

import { adminKey, defaultConfig, useStack } from '../support/start-stack.ts';

const stack = useStack();
const main = fileURLToPath(new URL('../../apps/cli/src/main.ts', import.meta.url));

interface Ended {
  code: number;
  out: string;
  note: string;
}

/** Runs the command in a folder of its own, as a shell would. */
async function sluice(cwd: string, ...words: string[]): Promise<Ended> {
  const env = { PATH: process.env['PATH'], SLUICE_URL: stack().url, SLUICE_API_KEY: adminKey };
  return await new Promise((resolve) => {
    execFile(process.execPath, [main, ...words], { cwd, env }, (error, out, note) => {
      resolve({ code: error ? Number(error.code) : 0, out, note });
    });
  });
}

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'sluice-cli-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

test('a job is submitted and watched: the answer on one side, what happens on the other', async () => {
  const cwd = await folder();
  await stack().simulator.behaviour({ chunks: 5, chunkDelayMs: 5, reply: 'one two three four' });
  const watched = await sluice(cwd, 'submit', '--model', 'chat', '--watch', 'count');
  expect(watched).toMatchObject({ code: 0, out: 'one two three four\n' });
  expect(watched.note).toMatch(/queued[^]*in_progress[^]*completed[^]*tokens, \$0\.\d+/);
  const waited = await sluice(cwd, 'submit', '--model', 'chat', '--wait', '--json', 'count');
  const { id } = JSON.parse(waited.out) as { id: string };
  expect((await sluice(cwd, 'watch', id)).out).toContain('one two three four');
  expect((await sluice(cwd, 'jobs', 'list')).out).toContain(id);
  const csv = await sluice(cwd, 'usage', 'ledger', '--csv');
  expect(csv.out.split('\r\n')[0]).toMatch(/^at,job_id,call,/);
  expect(csv.out).toContain(id);
  const future = await sluice(cwd, 'usage', 'ledger', '--from', '2100-01-01', '--to', '2100-01-02');
  expect(future).toMatchObject({ code: 0, out: '' });
});

test('what fails says why in one line and ends with 1', async () => {
  const cwd = await folder();
  const unknown = await sluice(cwd, 'submit', '--model', 'nonsense', 'x');
  expect(unknown).toMatchObject({ code: 1, out: '' });
  expect(unknown.note).toMatch(/^sluice: .*nonsense.*\n$/);
  await stack().simulator.fault({
    match: { kind: 'chat' },
    fault: { kind: 'status', status: 400 },
  });
  const failed = await sluice(cwd, 'submit', '--model', 'chat', '--watch', 'x');
  expect(failed.code).toBe(1);
  expect(failed.note).toContain('upstream_invalid_request');
});

test('a file of requests is run, and its results are there even after a download that broke off', async () => {
  const cwd = await folder();
  const lines = Array.from({ length: 7 }, (_, i) => ({
    custom_id: `line-${i}`,
    method: 'POST',
    url: '/v1/chat/completions',
    body: { model: 'chat', messages: [{ role: 'user', content: `Number ${i}` }] },
  }));
  const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
  await writeFile(join(cwd, 'requests.jsonl'), text);
  const ran = await sluice(cwd, 'batch', 'run', 'requests.jsonl');
  expect(ran).toMatchObject({ code: 0 });
  expect(ran.note).toContain('7/7 completed');
  const output = join(cwd, 'requests.results.jsonl');
  const whole = await readFile(output, 'utf8');
  const ids = whole
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { custom_id: string }).custom_id);
  expect(ids.sort()).toEqual(lines.map(({ custom_id: id }) => id));

  await truncate(output, 100);
  const [id = ''] = /batch_\w+/.exec(ran.note) ?? [];
  const resumed = await sluice(cwd, 'batch', 'resume', id, '--output', 'requests.results.jsonl');
  expect(resumed.code).toBe(0);
  expect(await readFile(output, 'utf8')).toBe(whole);
  expect((await sluice(cwd, 'batch', 'list')).out).toContain(id);
});

test('endpoints and limits are shown as tables', async () => {
  const cwd = await folder();
  const made = await sluice(
    cwd,
    'webhooks',
    'create',
    'http://127.0.0.1:9/x',
    '--events',
    '*.failed',
  );
  const { id } = JSON.parse(made.out) as { id: string };
  expect((await sluice(cwd, 'webhooks', 'list')).out).toMatch(
    new RegExp(`${id}\\s+enabled\\s+\\*\\.failed\\s+http://127\\.0\\.0\\.1:9/x`),
  );
  expect((await sluice(cwd, 'webhooks', 'delete', id)).code).toBe(0);
  expect((await sluice(cwd, 'limits')).out).toMatch(/openai\s+open\s+calls at once/);
  expect((await sluice(cwd, 'usage', '--interval', 'all')).code).toBe(0);
});

test('a changed file changes limits without a restart, a bad one is told of and changes nothing, and a pinned lane stays', async () => {
  const cwd = await folder();
  const { simulator, workers, api } = stack();
  const config = defaultConfig({ simulatorUrl: simulator.url });
  const withLimit = (requestsPerMinute: unknown) => {
    const { openai } = config['providers'] as { openai: object };
    const limits = { requestsPerMinute };
    return {
      ...config,
      providers: { ...(config['providers'] as object), openai: { ...openai, limits } },
    };
  };
  const limit = async () => {
    const { data } = (await stack().request('GET', '/v1/limits')).body as {
      data: { id: string; buckets: { limit: number }[] }[];
    };
    return data.find(({ id }) => id === 'openai')?.buckets[0]?.limit;
  };
  const job = {
    type: 'chat',
    model: 'chat',
    input: { messages: [{ role: 'user', content: 'a' }] },
  };
  await stack().changeConfig(withLimit(1));
  await expect.poll(limit, { timeout: 10_000 }).toBe(1);
  // The worker keeps it too: of two jobs one has to wait.
  await expect
    .poll(
      async () => {
        const late = { ...job, max_wait_seconds: 1 };
        const { id } = await stack().submit(late);
        return (await stack().ended(id)).state;
      },
      { timeout: 10_000 },
    )
    .toBe('expired');

  await stack().changeConfig(withLimit('many'));
  for (const child of [api, ...workers]) {
    await expect.poll(() => child.output(), { timeout: 10_000 }).toContain('requestsPerMinute');
  }
  expect(await limit()).toBe(1);

  expect((await sluice(cwd, 'limits', 'pin', 'openai')).code).toBe(0);
  await stack().changeConfig(withLimit(77));
  await expect
    .poll(async () => (await sluice(cwd, 'limits')).out, { timeout: 10_000 })
    .toMatch(/openai +open, pinned/);
  expect(await limit()).toBe(1);
  await sluice(cwd, 'limits', 'unpin', 'openai');
  await expect.poll(limit, { timeout: 10_000 }).toBe(77);
  await stack().changeConfig(config);
}, 60_000);
