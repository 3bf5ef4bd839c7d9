import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';

import { commandNames, commandSteps, startsTestPrograms } from './commands.mjs';
import { cleanEnvironment, pnpmEnvironment, toolEnvironment } from './environment.mjs';
import { withLock } from './lock.mjs';
import { rootFolder, toolsFolder } from './paths.mjs';
import { isNodeNewEnough } from './tools.mjs';

afterEach(() => void vi.unstubAllEnvs());

describe('the Node.js version', () => {
  test.each([
    ['20.20.2', false],
    ['22.23.3', false],
    ['24.10.9', false],
    ['24.11.0', true],
    ['24.21.0', true],
    ['25.9.0', false],
    ['26.0.0', true],
    ['28.1.0', true],
  ])('%s is new enough: %s', (version, expected) => {
    expect(isNodeNewEnough(version)).toBe(expected);
  });
});

describe('the environment of a command', () => {
  test('loses what npm adds and keeps how to reach the registry', () => {
    vi.stubEnv('npm_lifecycle_event', 'start');
    vi.stubEnv('npm_config_yes', 'false');
    vi.stubEnv('INIT_CWD', '/somewhere');
    vi.stubEnv('npm_config_registry', 'https://registry.example');
    vi.stubEnv('NPM_CONFIG_HTTPS_PROXY', 'http://proxy.example');
    const names = Object.keys(cleanEnvironment()).filter((name) => /^(npm_|INIT_CWD)/i.test(name));
    expect(names).toEqual(
      expect.arrayContaining(['npm_config_registry', 'NPM_CONFIG_HTTPS_PROXY']),
    );
    expect(names).not.toEqual(expect.arrayContaining(['INIT_CWD']));
    expect(names.filter((name) => /lifecycle|yes/.test(name))).toEqual([]);
  });

  test('tells pnpm the registry and proxy of npm, unless it has its own', () => {
    const environment = { NPM_CONFIG_REGISTRY: 'a', npm_config_proxy: 'b', https_proxy: 'c' };
    expect(pnpmEnvironment(environment)).toMatchObject({
      ...environment,
      pnpm_config_registry: 'a',
      pnpm_config_proxy: 'b',
    });
    expect(pnpmEnvironment(environment)).not.toHaveProperty('pnpm_config_https_proxy');
    expect(pnpmEnvironment({ ...environment, pnpm_config_proxy: 'own' })).toMatchObject({
      pnpm_config_proxy: 'own',
    });
  });

  test('has the tools first on PATH', () => {
    vi.stubEnv('PATH', '/usr/bin');
    expect(toolEnvironment(['/tools/node', '/tools/pnpm'])).toMatchObject({
      PATH: '/tools/node:/tools/pnpm:/usr/bin',
    });
  });
});

describe('the commands', () => {
  test('are the scripts of package.json, each of which runs the bootstrap', () => {
    const { scripts } = JSON.parse(readFileSync(join(rootFolder, 'package.json'), 'utf8'));
    expect(scripts).toEqual(
      Object.fromEntries(
        commandNames().map((name) => [name, `node scripts/bootstrap.mjs ${name}`]),
      ),
    );
  });

  test('get the arguments of the user, the last step alone', () => {
    const steps = commandSteps('lint', ['--fix'])?.map((step) => step.arguments);
    expect(steps).toEqual([['--type-aware'], ['--fix']]);
  });

  test('of users wait for no programs that only tests start', () => {
    const waiting = commandNames().filter(startsTestPrograms);
    expect(waiting).toContain('test');
    for (const name of ['start', 'sluice', 'setup', 'check']) expect(waiting).not.toContain(name);
  });

  test('that are unknown end with exit code 1 and the names that are known', () => {
    const { status, stderr } = spawnSync(process.execPath, ['scripts/bootstrap.mjs', 'strat'], {
      cwd: rootFolder,
      encoding: 'utf8',
    });
    expect(status).toBe(1);
    expect(stderr).toMatch(/^sluice: unknown command "strat"; use one of: .*start.*\n$/);
  });
});

describe('the lock of the set-up', () => {
  const name = `test-${process.pid}`;
  const file = join(toolsFolder, `${name}.lock`);

  beforeEach(() => onTestFinished(() => rmSync(file, { force: true })));

  test('lets one in at a time', async () => {
    const order: string[] = [];
    const work = (who: string) => async () => {
      order.push(`${who} begins`);
      await new Promise((resolve) => setTimeout(resolve, 20));
      order.push(`${who} ends`);
    };
    await Promise.all([withLock(name, work('a')), withLock(name, work('b'))]);
    expect(order).toEqual(['a begins', 'a ends', 'b begins', 'b ends']);
  });

  test('is taken over from a process that is gone', async () => {
    writeFileSync(file, String(2 ** 22 + 1));
    expect(await withLock(name, async () => 'in')).toBe('in');
  });

  test('is free again after a failure', async () => {
    const failing = withLock(name, async () => {
      throw new Error('no network');
    });
    await expect(failing).rejects.toThrow('no network');
    expect(await withLock(name, async () => 'in')).toBe('in');
  });
});

/** The runner in a process of its own, with a child that says what happens to it. */
describe('a running command', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sluice-run-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  });

  const run = (childSource: string, options: { throughNpm?: boolean } = {}) => {
    const child = join(folder, 'child.mjs');
    const runner = join(folder, 'runner.mjs');
    const module = new URL('run.mjs', import.meta.url).href;
    writeFileSync(child, childSource);
    writeFileSync(
      runner,
      `import { runSteps } from '${module}';
       const step = { file: () => ${JSON.stringify(child)}, arguments: [], watched: true };
       process.exitCode = await runSteps([step], process.execPath, process.env);`,
    );
    // What npm does; the second command keeps any shell from handing its process over.
    const started = spawn(
      options.throughNpm ? 'sh' : process.execPath,
      options.throughNpm ? ['-c', `"${process.execPath}" "${runner}"; exit`] : [runner],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
        env: { ...process.env, npm_lifecycle_event: options.throughNpm ? 'start' : undefined },
      },
    );
    onTestFinished(() => void started.kill('SIGKILL'));
    let output = '';
    started.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const says = async (text: string) =>
      await vi.waitUntil(() => output.includes(text), { timeout: 5_000, interval: 10 });
    return { process: started, exit: once(started, 'exit'), says, output: () => output };
  };

  test('ends with the exit code of its child', async () => {
    expect(await run('process.exit(7)').exit).toEqual([7, null]);
  });

  test('ends with 128 and the number of the signal that killed its child', async () => {
    expect(await run(`process.kill(process.pid, 'SIGKILL')`).exit).toEqual([137, null]);
  });

  test.each(['SIGINT', 'SIGTERM'] as const)(
    'passes %s on once and waits for the child to close',
    async (signal) => {
      const running = run(`
        let count = 0;
        process.on('${signal}', () => {
          count += 1;
          setTimeout(() => { console.log('count', count); process.exit(3); }, 100);
        });
        process.on('message', () => {});
        console.log('up');`);
      await running.says('up');
      running.process.kill(signal);
      running.process.kill(signal);
      expect(await running.exit).toEqual([3, null]);
      expect(running.output()).toContain('count 1\n');
    },
  );

  test('is stopped when the shell of npm is gone', async () => {
    const source = `
      process.on('SIGTERM', () => { console.log('closing'); process.exit(); });
      process.on('message', () => {});
      console.log('up');`;
    const running = run(source, { throughNpm: true });
    await running.says('up');
    running.process.kill('SIGTERM');
    await running.says('closing');
    expect(running.output()).toBe('up\nclosing\n');
  });

  test('lets its child know by a closed channel when it is killed', async () => {
    const running = run(`
      process.on('disconnect', () => { console.log('alone'); process.exit(); });
      console.log('up');`);
    await running.says('up');
    running.process.kill('SIGKILL');
    await running.says('alone');
    expect(running.output()).toBe('up\nalone\n');
  });
});
