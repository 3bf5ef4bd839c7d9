import { execFile } from 'node:child_process';
import { access, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { loadConfig } from '@sluice/config';
import { startReceiver } from '@sluice/testing';
import { beforeAll, expect, onTestFinished, test } from 'vitest';

import { adminKey, defaultConfig, useStack } from '../support/start-stack.ts';

const run = promisify(execFile);

/** The names of the built-in configuration, which the README uses. */
const shared = useStack({
  config: (addresses) => {
    const { providers } = defaultConfig(addresses);
    return {
      providers,
      models: { 'sim-chat': { targets: [{ provider: 'openai', model: 'sim-chat' }] } },
      apps: { 'sim-workflow': { provider: 'dify', apiKey: 'app-sim' } },
    };
  },
});

let readme = '';

beforeAll(async () => {
  readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8');
});

function blocks(language: string): string[] {
  return [...readme.matchAll(new RegExp('^```' + language + '\\n(.*?)^```', 'gms'))].map(
    ([, text]) => text ?? '',
  );
}

test('every curl command of the README works as written', async () => {
  const stack = shared();
  const receiver = await startReceiver();
  onTestFinished(() => receiver.close());
  const commands = blocks('sh').filter((block) => block.startsWith('curl'));
  expect(commands.length).toBeGreaterThanOrEqual(4);
  let jobId = '';
  for (const command of commands) {
    const here = command
      .replaceAll('http://127.0.0.1:8080', stack.url)
      .replaceAll('http://127.0.0.1:9000', receiver.url)
      .replaceAll('JOB_ID', jobId);
    const { stdout } = await run('sh', ['-c', here], { env: { ...process.env, KEY: adminKey } });
    const job = JSON.parse(stdout) as { id: string; object: string; error?: unknown };
    expect(job).toMatchObject({ object: 'job', id: expect.stringMatching(/^job_/) });
    expect(job).not.toHaveProperty('error');
    jobId ||= job.id;
  }
  await receiver.waitForRequests(1);
});

test('the configuration that the README shows is valid', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-readme-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const [yaml] = blocks('yaml');
  await writeFile(join(folder, 'sluice.config.yaml'), yaml ?? '');
  const env = { OPENAI_API_KEY: 'sk-test', DIFY_SUPPORT_KEY: 'app-test' };
  const config = loadConfig({ env, cwd: folder });
  expect(Object.keys(config.routes.chat)).toEqual(['fast']);
  expect(Object.keys(config.routes.workflow)).toEqual(['support']);
});

test('every file that the README links to exists', async () => {
  const links = [...readme.matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, path]) => path ?? '');
  expect(links.length).toBeGreaterThan(4);
  for (const link of links) await access(new URL(`../../${link}`, import.meta.url));
});
