import { parseArgs } from 'node:util';

import { isUndisturbed, measureDeadReceiver } from './dead-receiver.ts';
import type { Verdict } from './check-ledger.ts';
import { verdictTable } from './describe-chaos.ts';
import { runWebhookOutage } from './webhook-outage.ts';

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
const count = (seen: number, what: string) => (seen === 0 ? [] : [`${seen} ${what}`]);
const verdicts: Verdict[] = [
  {
    name: 'every event arrived',
    seen: `${outage.delivered} of ${outage.events}, after ${outage.refused} POSTs that were refused`,
    breaches: count(outage.events - outage.delivered, 'did not'),
  },
  {
    name: 'under the id of its job',
    seen: `${outage.duplicates} came twice`,
    breaches: count(outage.otherIds, 'under another id'),
  },
  { name: 'one end a job', seen: '', breaches: count(outage.twoEnds, 'with two') },
  {
    name: 'a dead receiver delays nobody',
    seen: `p95 ${dead.oneDead.p95} ms beside it, ${dead.allWell.p95} ms without; ${dead.hanging} POSTs hung`,
    breaches: isUndisturbed(dead) ? [] : [`${dead.missing} missing`],
  },
];
const lines = [
  `${outage.jobs} jobs, ${outage.killed} workers killed in an outage of two hours at ${outage.scale} times their speed`,
  `${dead.endpoints} endpoints, one dead, ${dead.rounds} rounds`,
  '',
  ...verdictTable(verdicts),
  '',
  `${outage.seconds} s of outage and after`,
];
process.stdout.write(`${lines.join('\n')}\n`);
process.exitCode = verdicts.every(({ breaches }) => breaches.length === 0) ? 0 : 1;
