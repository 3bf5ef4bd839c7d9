import { parseArgs } from 'node:util';

import { describeChaos } from './describe-chaos.ts';
import { describeOutages } from './describe-outages.ts';
import { planChaos } from './plan-chaos.ts';
import { planOutages } from './plan-outages.ts';
import { runChaos } from './run-chaos.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    jobs: { type: 'string', default: '1000' },
    kills: { type: 'string', default: '20' },
    workers: { type: 'string', default: '3' },
    apis: { type: 'string', default: '2' },
    /** Mean milliseconds between two acts. */
    'every-ms': { type: 'string', default: '4000' },
    /** Where the ledger goes, as lines of JSON. */
    ledger: { type: 'string' },
    /** In place of kills: every outage of Redis of the matrix, up to so many seconds. */
    outages: { type: 'boolean', default: false },
    'longest-seconds': { type: 'string', default: '90' },
  },
});

const options = {
  seed: Number(values.seed),
  jobs: Number(values.jobs),
  kills: Number(values.kills),
  workers: Number(values.workers),
  apis: Number(values.apis),
  everyMs: Number(values['every-ms']),
};
const plan = values.outages ? planOutages(Number(values['longest-seconds'])) : planChaos(options);
process.stdout.write(
  `seed ${options.seed}: ${options.jobs} jobs, ${options.kills} kills, ${options.workers} workers, ${options.apis} API processes\n`,
);
const { ledger, verdicts, seconds } = await runChaos(options, values.ledger, plan);
const outages = values.outages ? `${describeOutages(ledger)}\n\n` : '';
process.stdout.write(`${describeChaos(ledger, verdicts)}\n\n${outages}${seconds} s\n`);
// Not `exitCode`: sockets that a fault has left half open must not hold the process up.
process.exit(verdicts.every(({ breaches }) => breaches.length === 0) ? 0 : 1);
