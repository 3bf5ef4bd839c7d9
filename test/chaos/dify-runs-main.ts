import { parseArgs } from 'node:util';

import { isProven, runDifyChaos } from './dify-runs.ts';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '200' },
    kills: { type: 'string', default: '40' },
    workers: { type: 'string', default: '3' },
    seed: { type: 'string', default: '1' },
    scale: { type: 'string', default: '60' },
    'submit-every-ms': { type: 'string', default: '300' },
  },
});

const report = await runDifyChaos({
  runs: Number(values.runs),
  kills: Number(values.kills),
  workers: Number(values.workers),
  seed: Number(values.seed),
  scale: Number(values.scale),
  submitEveryMs: Number(values['submit-every-ms']),
});
const verdict = isProven(report) ? 'every run finished and was started once' : 'NOT PROVEN';
process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n${verdict}\n`);
process.exitCode = isProven(report) ? 0 : 1;
