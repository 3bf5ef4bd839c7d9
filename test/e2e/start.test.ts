import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { findTestPort, waitFor } from '@sluice/testing';
import { beforeEach, expect, onTestFinished, test } from 'vitest';

const run = promisify(execFile);
const cli = fileURLToPath(new URL('../../apps/cli/src/main.ts', import.meta.url));

let folder = '';
let ports = { PORT: '', SLUICE_SIMULATOR_PORT: '' };

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-start-'));
  ports = {
    PORT: String(await findTestPort()),
    SLUICE_SIMULATOR_PORT: String(await findTestPort()),
  };
  // What a killed start leaves behind may go on writing for a moment.
  onTestFinished(() =>
    rm(folder, { recursive: true, force: true, maxRetries: 30, retryDelay: 100 }),
  );
});

interface Start {
  readonly child: ChildProcess;
  /** What it printed so far. */
  printed(): string;
  readonly exited: Promise<number | null>;
}

function start(environment: Record<string, string> = {}, words: string[] = []): Start {
  const child = spawn(process.execPath, [cli, 'start', ...words], {
    cwd: folder,
    env: {
      PATH: process.env['PATH'],
      HOME: folder,
      SLUICE_DATA_DIR: join(folder, 'data'),
      ...ports,
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
  }
  const exited = once(child, 'exit').then(([code]: (number | null)[]) => code ?? null);
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  return { child, printed: () => text, exited };
}

async function ready(started: Start): Promise<void> {
  await waitFor(() => started.printed().includes('Ctrl-C stops everything'), {
    timeoutMs: 30_000,
    description: `a complete start; printed: ${started.printed()}`,
  });
}

/** The process and all that it started, directly or not. */
async function family(pid: number): Promise<number[]> {
  const { stdout } = await run('ps', ['-A', '-o', 'pid=,ppid=']);
  const pairs = stdout
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number));
  const found = [pid];
  for (const parent of found) {
    for (const [child, itsParent] of pairs) {
      if (itsParent === parent && child !== undefined) found.push(child);
    }
  }
  return found;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test('starts everything, runs a job of each type, and the printed command works when pasted', async () => {
  const first = start();
  await ready(first);
  const printed = first.printed();
  expect(printed).toMatch(/chat\s+sim-chat\s+completed/);
  expect(printed).toMatch(/embedding\s+sim-embedding\s+completed.*2 vectors/);
  expect(printed).toMatch(/rerank\s+sim-rerank\s+completed.*document 1 fits best/);
  expect(printed).toMatch(/transcription\s+sim-transcription\s+completed.*Jobs wait here/);
  expect(printed).toMatch(/workflow\s+sim-workflow\s+completed/);
  expect(printed).toMatch(/batch\s+completed.*2 of 2 succeeded/);
  expect(printed).toContain(`http://127.0.0.1:${ports.PORT}`);
  expect(printed).toContain(
    'webhooks and base URLs may reach the private hosts 127.0.0.1, localhost',
  );
  expect(printed).toMatch(/sluice_admin_\S+ \(admin; shown this once/);
  const command = printed.slice(printed.indexOf('  curl'), printed.indexOf('Ctrl-C'));
  const { stdout } = await run('sh', ['-c', command]);
  expect(JSON.parse(stdout)).toMatchObject({ type: 'chat', state: 'completed' });
  const keyFile = join(folder, 'data', 'admin-key');
  expect((await stat(keyFile)).mode & 0o777).toBe(0o600);

  const pids = await family(first.child.pid ?? 0);
  expect(pids.length).toBeGreaterThanOrEqual(5);
  first.child.kill('SIGTERM');
  expect(await first.exited).toBe(0);
  expect(pids.filter(isRunning)).toEqual([]);

  const second = start({}, ['--no-demo']);
  await ready(second);
  expect(second.printed()).not.toContain('sluice_admin_');
  expect(second.printed()).toContain(`$(cat '${keyFile}')`);
  second.child.kill('SIGINT');
  expect(await second.exited).toBe(0);
}, 90_000);

test('kill -9 of the supervisor leaves nothing running', async () => {
  const started = start({}, ['--no-demo']);
  await ready(started);
  const pids = await family(started.child.pid ?? 0);
  started.child.kill('SIGKILL');
  await started.exited;
  await waitFor(() => pids.filter(isRunning).length === 0, {
    timeoutMs: 8_000,
    description: 'the end of every process',
  });
}, 60_000);

test('a second start on the same data folder says so and exits', async () => {
  const first = start({}, ['--no-demo']);
  await ready(first);
  const second = start({ PORT: String(await findTestPort()) });
  expect(await second.exited).toBe(1);
  expect(second.printed()).toMatch(/^sluice: Another Sluice .*SLUICE_DATA_DIR.*\n$/);
  expect(isRunning(first.child.pid ?? 0)).toBe(true);
}, 60_000);

test('a taken port is one line that says what to do', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  // An address of a TCP server is an object.
  const { port } = server.address() as AddressInfo;
  const started = start({ PORT: String(port) });
  expect(await started.exited).toBe(1);
  expect(started.printed()).toBe(
    `sluice: port ${port} is taken by another program. Choose another one: PORT=${port + 10} npm start\n`,
  );
});

test('a data folder that cannot be used is one line that says what to do', async () => {
  const file = join(folder, 'a-file');
  await writeFile(file, '');
  const started = start({ SLUICE_DATA_DIR: join(file, 'data') });
  expect(await started.exited).toBe(1);
  expect(started.printed()).toMatch(
    /^sluice: cannot write to the data folder .*SLUICE_DATA_DIR.*\n$/,
  );
});

test('a bad configuration names the key and the nearest known one', async () => {
  await writeFile(
    join(folder, 'sluice.config.yaml'),
    'providers: { a: { kind: dify, baseURL: x } }\n',
  );
  const started = start();
  expect(await started.exited).toBe(1);
  expect(started.printed()).toContain('sluice.config.yaml: providers.a.baseURL: unknown key');
  expect(started.printed()).toContain('baseUrl');
});

test('a Redis that does not answer is one line', async () => {
  const started = start({ REDIS_URL: 'redis://127.0.0.1:1' });
  expect(await started.exited).toBe(1);
  expect(started.printed()).toMatch(/^sluice: .*Redis did not answer.*\n$/);
}, 40_000);
