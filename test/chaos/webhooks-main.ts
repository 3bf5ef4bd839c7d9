import { parseArgs } from 'node:util';

import { isUndisturbed, measureDeadReceiver } from './dead-receiver.ts';
import { isProven, runWebhookOutage } from './webhook-outage.ts';

const { values } = parseArgs({
  options: {
    jobs: { type: 'string', default: '400' },
    kills: { type: 'string', default: '12' },
    workers: { type: 'string', default: '3' },
    seed: { type: 'string', default: '1' },
    scale: { type: 'string', default: '240' },
    rounds: { type: 'string', default: '5' },
  },
});

const outage = await runWebhookOutage({
  jobs: Number(values.jobs),
  kills: Number(values.kills),
  workers: Number(values.workers),
  seed: Number(values.seed),
  scale: Number(values.scale),
});
const dead = await measureDeadReceiver({
  endpoints: 100,
  jobs: 20,
  rounds: Number(values.rounds),
});
const proven = isProven(outage) && isUndisturbed(dead);
const verdict = proven ? 'every event arrived, and the dead receiver delayed nobody' : 'NOT PROVEN';
process.stdout.write(`${JSON.stringify({ outage, dead }, undefined, 2)}\n${verdict}\n`);
process.exitCode = proven ? 0 : 1;
