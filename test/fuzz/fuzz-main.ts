import { parseArgs } from 'node:util';

import type { Verdict } from '../chaos/check-ledger.ts';
import { verdictTable } from '../chaos/describe-chaos.ts';
import { fuzzApi } from './fuzz-api.ts';

const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    concurrency: { type: 'string', default: '16' },
    /** Most growth of the API's memory that passes. */
    'max-kib-per-thousand': { type: 'string', default: '256' },
    'max-minutes': { type: 'string', default: '30' },
  },
});

const report = await fuzzApi({
  requests: Number(values.requests),
  seed: Number(values.seed),
  concurrency: Number(values.concurrency),
  maxMinutes: Number(values['max-minutes']),
});
/** In fewer requests all growth is warm-up. */
const judgedFrom = 50_000;
const isJudged = report.sent >= judgedFrom;
const mostKib = Number(values['max-kib-per-thousand']);
const slope = `${report.kibPerThousandRequests} KiB a thousand requests`;
const grows = isJudged && report.kibPerThousandRequests > mostKib;
const verdicts: Verdict[] = [
  {
    name: 'all were sent',
    seen: String(report.sent),
    breaches: report.sent === Number(values.requests) ? [] : [`of ${values.requests}`],
  },
  { name: 'no 5xx, no answer in another form', seen: '', breaches: report.findings },
  { name: 'no crash', seen: '', breaches: report.alive ? [] : ['it does not answer'] },
  {
    name: 'no growth of memory',
    seen: isJudged ? slope : `${slope}; not judged below ${judgedFrom} requests`,
    breaches: grows ? [`at most ${mostKib}`] : [],
  },
];
const say = (line: string) => void process.stdout.write(`${line}\n`);
say(`${report.sent} requests, seed ${values.seed}, ${report.seconds} s\n`);
say('    sent     MiB   requests/s');
for (const { sent, rssMiB, requestsPerSecond } of report.memory) {
  say([sent, rssMiB, requestsPerSecond].map((value) => String(value).padStart(8)).join(''));
}
say('\n  status  answers');
for (const [status, count] of Object.entries(report.byStatus)) {
  say(`${status.padStart(8)}${String(count).padStart(9)}`);
}
say('');
for (const line of verdictTable(verdicts)) say(line);
process.exitCode = verdicts.every(({ breaches }) => breaches.length === 0) ? 0 : 1;
