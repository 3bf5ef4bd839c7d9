import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { findTestPort, waitFor } from '@sluice/testing';
import { expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';

import { adminKey, useStack } from '../support/start-stack.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const read = async (file: string) => parse(await readFile(join(root, file), 'utf8')) as Settings;

interface Settings {
  providers: object;
  models: object;
  apps?: object;
}

/** The configurations that the examples name, as one. */
const simulator = await read('examples/config/simulator.yaml');
const canary = await read('examples/config/canary.yaml');
const stack = useStack({
  config: () => ({ ...simulator, models: { ...simulator.models, ...canary.models } }),
});

const environment = (more: Record<string, string> = {}) => ({
  PATH: process.env['PATH'],
  SLUICE_URL: stack().url,
  SLUICE_API_KEY: adminKey,
  ...more,
});

async function run(example: string, ...words: string[]) {
  return await new Promise<{ code: number; out: string; note: string }>((resolve) => {
    const file = join(root, 'examples/src', example);
    execFile(
      process.execPath,
      [file, ...words],
      { cwd: root, env: environment() },
      (error, out, note) => {
        resolve({ code: error ? Number(error.code) : 0, out, note });
      },
    );
  });
}

test('the Express app gets its answer by a webhook that it verifies', async () => {
  const port = String(await findTestPort());
  const url = `http://127.0.0.1:${port}`;
  const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
  const app = execFile(process.execPath, [join(root, 'examples/src/webhook-receiver.ts')], {
    env: environment({ PORT: port, WEBHOOK_SECRET: secret }),
  });
  onTestFinished(() => void app.kill('SIGKILL'));
  await new Promise((resolve) => app.stdout?.once('data', resolve));
  const headers = { 'Content-Type': 'application/json' };
  const asked = await fetch(`${url}/questions`, {
    method: 'POST',
    headers,
    body: '{"question":"Why?"}',
  });
  expect(asked.status).toBe(202);
  const { id } = (await asked.json()) as { id: string };
  const answers = async () =>
    (await (await fetch(`${url}/answers`)).json()) as Record<string, string>;
  await waitFor(async () => id in (await answers()), { timeoutMs: 20_000 });
  expect((await answers())[id]).toContain('Why?');
  const forged = await fetch(`${url}/hook`, { method: 'POST', headers, body: '{}' });
  expect(forged.status).toBe(401);
  const wrong = await fetch(`${url}/questions`, { method: 'POST', headers, body: '{}' });
  expect(wrong.status).toBe(400);
});

test('recommendations come from the workflow, once a day, and from a model while it fails', async () => {
  const first = await run('recommendations.ts', 'books about locks');
  expect(JSON.parse(first.out)).toMatchObject({ from: 'workflow' });
  const again = await run('recommendations.ts', 'books about locks');
  expect(again.out).toBe(first.out);
  expect(await stack().simulator.bought('workflow')).toBe(1);
  await stack().simulator.fault({
    match: { kind: 'workflow' },
    fault: { kind: 'status', status: 400 },
  });
  const fallen = await run('recommendations.ts', 'books about time');
  expect(fallen.note).toContain('asking a model');
  expect(JSON.parse(fallen.out)).toMatchObject({ from: 'model' });
});

test('the nightly batch writes its answers', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-example-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const to = join(folder, 'answers.jsonl');
  const ended = await run('nightly-batch.ts', 'examples/batch.jsonl', to);
  expect(ended).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^completed: 5 of 5, \$0\.\d+/),
  });
  expect((await readFile(to, 'utf8')).trimEnd().split('\n')).toHaveLength(5);
});

test('the canary gets about a tenth of the users', async () => {
  const { out } = await run('canary.ts');
  const arms = JSON.parse(out) as Record<string, number>;
  expect((arms['stable'] ?? 0) + (arms['next'] ?? 0)).toBe(100);
  // 10 of 100 are expected; fewer than 2 or more than 25 come once in ten thousand draws, and the draw is always the same.
  expect(arms['next']).toBeGreaterThan(1);
  expect(arms['next']).toBeLessThan(26);
});
