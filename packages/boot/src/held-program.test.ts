import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

import { expect, onTestFinished, test } from 'vitest';

import { held, release } from './held-program.ts';

const code = `
  import { whenReleased } from ${JSON.stringify(new URL('./held-program.ts', import.meta.url).href)};
  process.send('loaded');
  await whenReleased();
  const { GIVEN, DECIDED, SLUICE_HELD } = process.env;
  console.log(GIVEN, DECIDED, SLUICE_HELD);
  process.disconnect?.();`;

function start(environment: Record<string, string | undefined>): ChildProcess {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', code], {
    env: environment,
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

async function printed({ stdout }: ChildProcess): Promise<string> {
  return stdout ? await text(stdout) : '';
}

test('a held process runs when it is released, with what was decided meanwhile on top of what it was given', async () => {
  const child = start(held({ GIVEN: 'before', DECIDED: 'before' }));
  await once(child, 'message');
  release(child, { DECIDED: 'later', LEFT_OUT: undefined });
  expect(await printed(child)).toBe('before later undefined\n');
});

test('one that is not held runs at once', async () => {
  expect(await printed(start({ GIVEN: 'before' }))).toBe('before undefined undefined\n');
});

test('one whose supervisor is gone before it was released ends, and runs nothing', async () => {
  const child = start(held({}));
  await once(child, 'message');
  child.disconnect();
  const [output, [exitCode]] = await Promise.all([printed(child), once(child, 'exit')]);
  expect([output, exitCode]).toEqual(['', 0]);
});

test('to release one that is gone is no error', async () => {
  const child = start(held({}));
  child.kill('SIGKILL');
  await once(child, 'exit');
  release(child, {});
  expect(child.connected).toBe(false);
});
