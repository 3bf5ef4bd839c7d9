import { parseArgs } from 'node:util';

import { isBalanced, runLedgerChaos } from './ledger-invoice.ts';

const { values } = parseArgs({
  options: {
    jobs: { type: 'string', default: '50000' },
    kills: { type: 'string', default: '40' },
    workers: { type: 'string', default: '2' },
    seed: { type: 'string', default: '1' },
  },
});

const report = await runLedgerChaos({
  jobs: Number(values.jobs),
  kills: Number(values.kills),
  workers: Number(values.workers),
  seed: Number(values.seed),
});
const verdict = isBalanced(report) ? 'the books come out even' : 'NOT EVEN';
process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n${verdict}\n`);
process.exitCode = isBalanced(report) ? 0 : 1;
