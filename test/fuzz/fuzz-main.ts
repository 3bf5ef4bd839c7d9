import { parseArgs } from 'node:util';

import { fuzzApi } from './fuzz-api.ts';

const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    concurrency: { type: 'string', default: '16' },
    /** Most growth of the API's memory that passes. Short runs see the heap warm up and grow faster. */
    'max-kib-per-thousand': { type: 'string', default: '2048' },
  },
});

const report = await fuzzApi({
  requests: Number(values.requests),
  seed: Number(values.seed),
  concurrency: Number(values.concurrency),
});
const bounded = report.kibPerThousandRequests <= Number(values['max-kib-per-thousand']);
const proven = report.findings.length === 0 && report.alive && bounded;
process.stdout.write(
  `${JSON.stringify({ ...report, findings: report.findings.length }, undefined, 2)}\n`,
);
for (const finding of report.findings) process.stdout.write(`\n${finding}\n`);
process.stdout.write(proven ? 'no 5xx, no crash, memory bounded\n' : 'NOT PROVEN\n');
process.exitCode = proven ? 0 : 1;
