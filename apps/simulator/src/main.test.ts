import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { readSettings } from './read-settings.ts';
import { startSimulator } from './test-client.ts';

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));

type Running = { child: ChildProcess; exit: Promise<unknown[]>; output: Promise<string> };

function start(port: string): Running {
  const child = fork(MAIN, {
    env: { ...process.env, SLUICE_SIMULATOR_PORT: port, SLUICE_HOST: '' },
    execArgv: [],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const output = new Promise<string>((resolve) => {
    child.stdout?.once('data', (data: Buffer) => resolve(data.toString()));
    child.stderr?.once('data', (data: Buffer) => resolve(data.toString()));
  });
  return { child, exit: once(child, 'exit'), output };
}

describe('the process', () => {
  test('listens, says where in one line, and ends on SIGTERM', async () => {
    const { child, exit, output } = start('0');
    const ready = once(child, 'message');
    const line = await output;
    const url = /http:\/\/127\.0\.0\.1:\d+/u.exec(line)?.[0];
    expect(line).toBe(`Simulator of OpenAI and Dify listens on ${url}\n`);
    expect((await ready)[0]).toEqual({ type: 'ready', url });
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    child.kill('SIGTERM');
    expect(await exit).toEqual([0, null]);
  });

  test('ends when the process that started it lets go', async () => {
    const { child, exit, output } = start('0');
    await output;
    child.disconnect();
    expect(await exit).toEqual([0, null]);
  });

  test('says in one line that its port is taken', async () => {
    const client = await startSimulator();
    const { port } = new URL(client.simulator.url);
    const { exit, output } = start(port);
    expect(await output).toBe(
      `Simulator cannot start: port ${port} of 127.0.0.1 is taken; set SLUICE_SIMULATOR_PORT to a free one\n`,
    );
    expect(await exit).toEqual([1, null]);
  });
});

test.for([
  [{}, { port: 8081, host: '127.0.0.1' }],
  [
    { SLUICE_SIMULATOR_PORT: '9000', SLUICE_HOST: '::' },
    { port: 9000, host: '::' },
  ],
  [
    { SLUICE_SIMULATOR_PORT: 'x' },
    { problem: 'SLUICE_SIMULATOR_PORT is "x"; it must be a number from 0 to 65535' },
  ],
] as const)('settings %j are %j', ([environment, settings]) => {
  expect(readSettings(environment)).toEqual(settings);
});
