import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { expect, test } from 'vitest';

const run = promisify(execFile);
const script = fileURLToPath(new URL('../chaos/cancel-races-main.ts', import.meta.url));

test('a script with a stack of its own ends by itself when it has told its verdict', async () => {
  const { stdout } = await run(process.execPath, [script, '--races', '10', '--workers', '1'], {
    timeout: 45_000,
  });
  expect(stdout).toContain('every job ended once, as its cancel was answered');
}, 60_000);
