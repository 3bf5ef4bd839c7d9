import { execFile, spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { existsSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

import { loadConfig } from '@sluice/config';
import {
  findTestPort,
  findTestRedis,
  startReceiver,
  waitFor,
  type Receiver,
} from '@sluice/testing';
import { Redis } from 'ioredis';
import {
  afterAll,
  beforeAll,
  describe,
  expect,
  onTestFinished,
  test,
  type TestContext,
} from 'vitest';
import { parse, stringify } from 'yaml';

import { anchorsOf, linksOf, readPages, rootFolder, type Page } from '../support/documentation.ts';
import { adminKey, launchStack } from '../support/start-stack.ts';

const execute = promisify(execFile);
const pages = readPages();

/** What `npm start` runs without a file, and a chat app. Nothing is reset: all that is shown works beside everything else. */
let launched: Awaited<ReturnType<typeof launchStack>>;
let receiver: Receiver;
beforeAll(async () => {
  const config = readFileSync(join(rootFolder, 'examples/config/simulator.yaml'), 'utf8');
  const { apps, ...usual } = parse(config) as Record<string, object>;
  const support = { provider: 'simulator-dify', apiKey: 'app-chat', kind: 'chat' };
  launched = await launchStack({ config: () => ({ ...usual, apps: { ...apps, support } }) });
  receiver = await startReceiver();
});
afterAll(async () => {
  await Promise.all([launched.stop(), receiver.close()]);
});

const stack = () => launched.stack;
type OnFinished = TestContext['onTestFinished'];

/** A folder with what a command finds in the repository's, and with the admin key of a first start. */
async function workFolder(onFinished: OnFinished): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-docs-'));
  onFinished(() => rm(folder, { recursive: true, force: true }));
  for (const name of ['deploy', 'examples']) {
    // oxlint-disable-next-line no-await-in-loop
    await symlink(join(rootFolder, name), join(folder, name));
  }
  const command = `#!/bin/sh\nexec "${process.execPath}" "${rootFolder}apps/cli/src/main.ts" "$@"\n`;
  await writeFile(join(folder, 'sluice'), command);
  await chmod(join(folder, 'sluice'), 0o755);
  await mkdir(join(folder, '.data'));
  await writeFile(join(folder, '.data/admin-key'), adminKey);
  return folder;
}

/** The text with the addresses of this stack in place of those of `npm start`. */
const here = (text: string) =>
  text
    .replaceAll('http://127.0.0.1:8080', stack().url)
    .replaceAll('http://127.0.0.1:8081', stack().simulator.url)
    .replaceAll('http://127.0.0.1:9000', receiver.url);

function environment() {
  const { port } = new URL(stack().simulator.url);
  return {
    ...process.env,
    KEY: adminKey,
    SLUICE_URL: stack().url,
    SLUICE_ADMIN_KEY: adminKey,
    SLUICE_API_KEY: adminKey,
    SLUICE_SIMULATOR_PORT: port,
    REDIS_URL: stack().redis.userUrl,
  };
}

/** Commands that start what the test has started, install, or are tests themselves: they are not run here. */
const runElsewhere =
  /^(npm |docker |export SLUICE_ADMIN_KEY|REDIS_URL=|PASSWORD=|redis-cli |redis-server |echo y \| redis-check-aof )/;

const commandsOf = ({ blocks }: Page) =>
  blocks.filter(({ info, text }) => info === 'sh' && !runElsewhere.test(text));

/**
 * Stops at the first command that fails, and at the first answer with an error. An API that finds no processor time says 503
 * and when to come back.
 */
const strict = 'set -euo pipefail\ncurl() { command curl --fail-with-body --retry 3 "$@"; }\n';

const turns = [Promise.resolve(), Promise.resolve()];
let taken = 0;

/** Runs a program, which must end with 0, when it is its turn: two at a time are as quick as more. */
async function expectSuccess(program: string, words: string[], options: { cwd?: string } = {}) {
  const turn = taken++ % turns.length;
  const run = async () => void (await execute(program, words, { ...options, env: environment() }));
  const done = turns[turn]!.then(run);
  turns[turn] = done.catch(() => {});
  await done;
}

/** A page starts up to ten processes, beside those of other pages. */
const slow = { timeout: 90_000 };

describe.concurrent('every command runs as written', slow, () => {
  const withCommands = pages.filter((page) => commandsOf(page).length > 0);

  test.for(withCommands.map(({ path }) => path))('%s', async (path, { onTestFinished: after }) => {
    const cwd = await workFolder(after);
    const page = withCommands.find((each) => each.path === path);
    const script = commandsOf(page!)
      .map(({ text }) => text)
      .join('\n');
    await expectSuccess('bash', ['-c', here(strict + script)], { cwd });
  });

  test('and nearly all pages have some', ({ expect: expected }) => {
    expected(withCommands.length).toBeGreaterThan(12);
  });
});

/** One program for each import that begins one. */
function programsOf({ blocks }: Page): string[] {
  const programs: string[] = [];
  for (const { info, text } of blocks) {
    if (info !== 'js') continue;
    if (/^import /m.test(text) || programs.length === 0) programs.push(text);
    else programs.push(`${programs.pop()}\n${text}`);
  }
  return programs;
}

/** Not installed here, and of no use without a browser. */
const needsEventSource = /from 'eventsource'/;

describe.concurrent('every program in JavaScript runs', slow, () => {
  const programs = pages.flatMap((page) =>
    programsOf(page).map((program, index) => ({ name: `${page.path} ${index}`, program })),
  );
  const known = programs.filter(({ program }) => !needsEventSource.test(program));

  test.for(known)('$name', async ({ program }, { onTestFinished: after }) => {
    const folder = await mkdtemp(join(import.meta.dirname, '.docs-'));
    after(() => rm(folder, { recursive: true, force: true }));
    const file = join(folder, 'program.mjs');
    await writeFile(file, here(program));
    await expectSuccess(process.execPath, [file]);
  });

  test('but for the one with an EventSource', ({ expect: expected }) => {
    expected(programs.length - known.length).toBe(1);
  });
});

/** What a page that shows only some sections leaves out. */
const around = {
  providers: { openai: { kind: 'openai', apiKey: 'sk-docs' } },
  models: { fast: { targets: ['openai/gpt-5.4-nano'] } },
};

/** A page may show some sections, or the price of a model. */
function completed({ price, providers, ...sections }: Record<string, unknown>): string {
  const { models } = around;
  const hasModels = 'models' in sections || 'apps' in sections;
  return stringify({
    providers: { ...(hasModels && providers ? {} : around.providers), ...(providers as object) },
    ...(!hasModels && {
      models: { fast: { ...models.fast, ...(price !== undefined && { price }) } },
    }),
    ...sections,
  });
}

describe('every configuration is valid', () => {
  const shown = pages.flatMap(({ path, blocks }) =>
    blocks.filter(({ info }) => info === 'yaml').map(({ text }, index) => ({ path, index, text })),
  );

  test.each(shown)('$path: $index', async ({ text }) => {
    const cwd = await mkdtemp(join(tmpdir(), 'sluice-docs-'));
    onTestFinished(() => rm(cwd, { recursive: true, force: true }));
    const config = completed(parse(text) as Record<string, unknown>);
    await writeFile(join(cwd, 'sluice.config.yaml'), config);
    const names = [...text.matchAll(/\$\{([A-Z_]+)\}/g)].map(([, name = '']) => name);
    const env = Object.fromEntries(names.map((name) => [name, 'sk-docs']));
    expect(Object.keys(loadConfig({ env, cwd }).lanes)).not.toEqual([]);
  });
});

test('every link leads to a file, and to a heading of it', () => {
  const broken = pages.flatMap((page) =>
    linksOf(page)
      .filter(({ file, anchor }) => {
        const target = join(rootFolder, file === '' ? page.path : join(dirname(page.path), file));
        if (!existsSync(target)) return true;
        if (anchor === '' || !target.endsWith('.md')) return false;
        return !anchorsOf({ text: readFileSync(target, 'utf8') }).includes(anchor);
      })
      .map(({ file, anchor }) => `${page.path}: ${file}#${anchor}`),
  );
  expect(broken).toEqual([]);
});

test('the index has every page', () => {
  const index = pages.find(({ path }) => path === 'docs/README.md');
  const listed = linksOf(index ?? { text: '' }).map(({ file }) => join('docs', file));
  const ofProviders = pages.filter(({ path }) => path.startsWith('docs/providers/'));
  const missing = pages
    .filter((page) => page.path.startsWith('docs/') && !ofProviders.includes(page))
    .map(({ path }) => path)
    .filter((path) => path !== 'docs/README.md' && !listed.includes(path));
  expect(missing).toEqual([]);
});

test('the webhooks that the commands ask for are sent', async () => {
  expect(await waitFor(() => receiver.requests.length > 0)).toBe(true);
});

test('every metric that a page names is told by /metrics', async () => {
  const metric = /\bsluice_[a-z0-9_]+_(?:total|seconds|tickets)(?![a-z])/g;
  const named = pages.flatMap(({ text }) => text.match(metric) ?? []);
  const metrics = [...new Set(named)];
  expect(metrics.length).toBeGreaterThan(10);
  const told = await waitFor(async () => {
    const { body } = await stack().request('GET', '/metrics');
    const text = String(body);
    return text.includes('sluice_jobs_total') ? text : undefined;
  });
  expect(metrics.filter((name) => !told.includes(`# TYPE ${name} `))).toEqual([]);
});

test('the Redis that docs/security.md starts lets in the user that it makes', async () => {
  const security = pages.find(({ path }) => path === 'docs/security.md');
  const shown = security?.blocks.find(({ text }) => text.startsWith('PASSWORD=')) ?? { text: '' };
  const server = await findTestRedis();
  if (server.kind === 'docker') throw new Error('the command needs a redis-server of this machine');
  const port = await findTestPort();
  const password = 'a'.repeat(64);
  const shims = `openssl() { echo ${password}; }\nredis-server() { exec "${server.program}" "$@"; }\n`;
  const script = strict + shims + shown.text.replace('--port 6379', `--port ${port}`);
  const env = { ...process.env, ...server.environment };
  const child = spawn('bash', ['-c', script], {
    cwd: await workFolder(onTestFinished),
    env,
    stdio: 'ignore',
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const client = new Redis(`redis://sluice:${password}@127.0.0.1:${port}`, { lazyConnect: true });
  client.on('error', () => {});
  onTestFinished(() => client.disconnect());
  expect(await waitFor(async () => await client.set('sluice:docs', '1'))).toBe('OK');
  await expect(client.call('KEYS', '*')).rejects.toThrow(/NOPERM/);
  const nobody = new Redis(`redis://127.0.0.1:${port}`, { retryStrategy: () => null });
  nobody.on('error', () => {});
  onTestFinished(() => nobody.disconnect());
  await expect(nobody.get('sluice:docs')).rejects.toThrow(/NOAUTH|NOPERM/);
});
