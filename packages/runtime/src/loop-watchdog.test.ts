import { spawn } from 'node:child_process';
import { once } from 'node:events';

import { expect, test } from 'vitest';

/** Runs a module that has started a watchdog of 500 ms; how it ended. */
async function run(code: string): Promise<{ code: number | null; signal: string | null }> {
  const watchdog = JSON.stringify(new URL('./loop-watchdog.ts', import.meta.url).href);
  const program = `import { startLoopWatchdog } from ${watchdog};\nconst watchdog = startLoopWatchdog(500);\n${code}`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'ignore', 'ignore'],
  });
  const [exitCode, signal] = (await once(child, 'exit')) as [number | null, string | null];
  return { code: exitCode, signal };
}

test('a process whose event loop stands still is killed', async () => {
  expect(await run('setTimeout(() => { for (;;); }, 300);')).toMatchObject({ signal: 'SIGKILL' });
}, 30_000);

test('a process that works on and on, a little at a time, is not', async () => {
  const busy = `
    const end = Date.now() + 2_000;
    const work = () => {
      for (const until = Date.now() + 50; Date.now() < until; );
      if (Date.now() < end) setTimeout(work, 1); else process.exit(7);
    };
    work();`;
  expect(await run(busy)).toEqual({ code: 7, signal: null });
}, 30_000);
