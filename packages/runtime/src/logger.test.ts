import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

import { expect, onTestFinished, test } from 'vitest';

const logger = new URL('logger.ts', import.meta.url).href;

/** Logs two lines and exits at once, when it is told to: as a process does whose supervisor has gone. */
const program = `
  const { createLogger } = await import('${logger}');
  const log = createLogger({ name: 'test' });
  process.stdout.write('ready');
  process.stdin.once('data', () => {
    log.info('before the end');
    log.info({ apiKey: 'sk-1', input: 'a prompt' }, 'the end');
    process.exit(0);
  });
`;

function start() {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: 'pipe',
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

test('the last lines before an exit are written, as JSON and without secrets', async () => {
  const child = start();
  await once(child.stdout, 'data');
  child.stdin.write('go');
  const lines = (await text(child.stderr)).trim().split('\n');
  expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
    { name: 'test', msg: 'before the end' },
    { msg: 'the end', apiKey: '[redacted]', input: '[redacted]' },
  ]);
});

test('a process whose log nobody reads any more can end', async () => {
  const child = start();
  await once(child.stdout, 'data');
  child.stderr.destroy();
  await once(child.stderr, 'close');
  child.stdin.write('go');
  expect(await once(child, 'exit')).toEqual([0, null]);
});
