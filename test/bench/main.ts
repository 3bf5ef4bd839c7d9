import { mkdir, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { benchAccepts } from './accepts.ts';
import { isMet, type Bench, type BenchReport } from './bench.ts';
import { findBenchRedis } from './bench-stack.ts';
import { benchBatches } from './batches.ts';
import { benchCache } from './cache.ts';
import { benchFairness } from './fairness.ts';
import { benchJobs } from './jobs.ts';
import { benchLatency } from './latency.ts';
import { benchLimits } from './limits.ts';
import { machineFacts, type MachineFacts } from './machine-facts.ts';
import { benchSync } from './sync.ts';
import { describeMachine, describeReport } from './print-report.ts';
import { benchWatchers } from './watchers.ts';

const benches: Record<string, Bench> = {
  accepts: benchAccepts,
  jobs: benchJobs,
  latency: benchLatency,
  limits: benchLimits,
  fairness: benchFairness,
  batches: benchBatches,
  cache: benchCache,
  watchers: benchWatchers,
  sync: benchSync,
};

const usage = `Usage: npm run bench -- [${Object.keys(benches).join('] [')}] [options]
  --rounds <n>       rounds instead of each bench's own number
  --lines <n>        lines of the large file of batches; beyond 10,000 it is cancelled after the first 2,000 results
  --smoke            the smallest sizes: shows that the benches work, measures nothing
  --json             also write test/bench/results/<time>.json
  --profile <folder> write a CPU profile of every process there
  --check            exit with 1 when a target is missed`;

/** Runs the benches named on the command line, all without a name, one after the other. */
async function main(): Promise<number> {
  const { names, options } = readArguments();
  const facts = machineFacts(await findBenchRedis());
  console.log(`${describeMachine(facts)}\n`);
  const reports: BenchReport[] = [];
  for (const name of names) {
    const report = await benches[name]?.({
      size: options.smoke ? 'smoke' : 'full',
      rounds: options.rounds === undefined ? undefined : Number(options.rounds),
      lines: options.lines === undefined ? undefined : Number(options.lines),
      profileDir: options.profile === undefined ? undefined : resolve(options.profile),
    });
    if (!report) continue;
    console.log(`${describeReport(report)}\n`);
    reports.push(report);
  }
  if (options.json) console.log(`written: ${await writeResults(facts, reports)}`);
  return options.check && !reports.every(({ verdict }) => isMet(verdict)) ? 1 : 0;
}

/** @throws Error whose message says what is wrong and what is allowed. */
function readArguments() {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      rounds: { type: 'string' },
      lines: { type: 'string' },
      smoke: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      profile: { type: 'string' },
      check: { type: 'boolean', default: false },
    },
  });
  const known = Object.keys(benches);
  const wrong = positionals.find((name) => !known.includes(name));
  if (wrong !== undefined) throw new Error(`no bench "${wrong}"; there are ${known.join(', ')}`);
  for (const name of ['rounds', 'lines'] as const) {
    const value = values[name];
    if (value === undefined || /^[1-9]\d{0,5}$/.test(value)) continue;
    throw new Error(`--${name} ${value}: must be a whole number from 1`);
  }
  return { names: positionals.length > 0 ? positionals : known, options: values };
}

async function writeResults(facts: MachineFacts, reports: BenchReport[]): Promise<string> {
  const at = new Date().toISOString();
  const folder = fileURLToPath(new URL('results/', import.meta.url));
  await mkdir(folder, { recursive: true });
  const file = `${folder}${at.replaceAll(':', '-')}.json`;
  await writeFile(file, `${JSON.stringify({ at, facts, reports }, null, 2)}\n`);
  return file;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  console.error(usage);
  process.exitCode = 1;
}
