import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

/*
 * The isolation test at full length: five tenants, an oracle that knows what belongs to whom, and random operations. A slice
 * of it is in the suite.
 */
const { values } = parseArgs({
  options: {
    operations: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
  },
});

const root = fileURLToPath(new URL('../..', import.meta.url));
const vitest = fileURLToPath(new URL('../../node_modules/vitest/vitest.mjs', import.meta.url));
const child = spawn(
  process.execPath,
  [vitest, 'run', '--project', 'unit', 'apps/api/src/isolation.test.ts'],
  {
    cwd: root,
    stdio: 'inherit',
    env: {
      ...process.env,
      SLUICE_ISOLATION_OPERATIONS: values.operations,
      SLUICE_ISOLATION_SEED: values.seed,
    },
  },
);
const [code] = await once(child, 'exit');
process.exitCode = Number(code ?? 1);
