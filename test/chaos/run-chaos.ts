import { setTimeout as sleep } from 'node:timers/promises';

import { waitFor } from '@sluice/testing';

import { defaultConfig } from '../support/start-stack.ts';
import { createTenants, readResults, submitJobs } from './chaos-clients.ts';
import { startFleet, type ChaosFleet } from './chaos-fleet.ts';
import { ChaosLedger } from './chaos-ledger.ts';
import { checkLedger, type Verdict } from './check-ledger.ts';
import { planChaos, type ChaosAct, type ChaosOptions } from './plan-chaos.ts';

export interface ChaosReport {
  ledger: ChaosLedger;
  verdicts: Verdict[];
  seconds: number;
}

/** The limit of the lane; over so long a time it does not matter that a busy machine sees calls arrive late. */
const callsPerMinute = 3_000;

/** Jobs are submitted a little beyond the last act, so that what follows it is seen. */
const afterLastMs = 2_000;

/** How long jobs and deliveries may take after the last act. */
const settleWithinMs = 420_000;

/**
 * Runs jobs through a fleet of real processes while the plan is carried out, then proves the invariants from what was seen
 * outside. Everything that was started is ended, whatever happens.
 * @param file where the ledger is also written, as lines of JSON
 */
export async function runChaos(
  options: ChaosOptions,
  file?: string,
  plan: readonly ChaosAct[] = planChaos(options),
): Promise<ChaosReport> {
  const ledger = new ChaosLedger(file);
  const startedAtMs = performance.now();
  const fleet = await startFleet({ ...options, config: chaosConfig });
  try {
    await fleet.simulator.behaviour({ latencyMs: { min: 20, max: 300 }, seed: options.seed });
    const tenants = await createTenants(fleet);
    const lastsMs = endOf(plan.at(-1)) + afterLastMs;
    const deadlineMs = performance.now() + lastsMs + settleWithinMs;
    const load = { count: options.jobs, perSecond: (options.jobs / lastsMs) * 1_000, deadlineMs };
    await Promise.all([submitJobs(fleet, tenants, ledger, load), carryOut(fleet, plan, ledger)]);
    await readResults(fleet, tenants, ledger, deadlineMs);
    await collect(fleet, ledger);
    const seconds = Math.round((performance.now() - startedAtMs) / 1_000);
    return { ledger, verdicts: checkLedger(ledger, { callsPerMinute }), seconds };
  } finally {
    await fleet.stop();
  }
}

/** Milliseconds since the start of the run. */
function endOf(act: ChaosAct | undefined): number {
  if (!act) return 0;
  return act.atMs + ('downMs' in act ? act.downMs : 'forMs' in act ? act.forMs : 0);
}

function chaosConfig({ simulatorUrl }: { simulatorUrl: string }): Record<string, unknown> {
  const config = defaultConfig({ simulatorUrl });
  const openai = {
    kind: 'openai-compatible',
    baseUrl: `${simulatorUrl}/openai/v1`,
    apiKey: 'sim-key',
    limits: { requestsPerMinute: callsPerMinute },
  };
  return {
    ...config,
    providers: { openai },
    apps: {},
    webhooks: { scheduleSeconds: [0, 1, 2, 5, 5, 10, 10, 20, 20, 30] },
    worker: { concurrency: 20 },
  };
}

/** Acts overlap: a process that is being replaced does not hold up the next act. */
async function carryOut(
  fleet: ChaosFleet,
  plan: readonly ChaosAct[],
  ledger: ChaosLedger,
): Promise<void> {
  const startedAtMs = performance.now();
  const pending = new Map<string, Promise<void>>();
  for (const act of plan) {
    await sleep(Math.max(0, startedAtMs + act.atMs - performance.now()));
    // One victim is hurt again only when it is back; so is Redis.
    const victim = 'victim' in act ? `${act.kind} ${act.victim}` : 'redis';
    const before = pending.get(victim) ?? Promise.resolve();
    pending.set(
      victim,
      before.then(() => perform(fleet, act, ledger)),
    );
  }
  await Promise.all(pending.values());
}

async function perform(fleet: ChaosFleet, act: ChaosAct, ledger: ChaosLedger): Promise<void> {
  const forMs = 'downMs' in act ? act.downMs : 'forMs' in act ? act.forMs : 0;
  ledger.add({ kind: 'act', atMs: Date.now(), act: act.kind, forMs });
  switch (act.kind) {
    case 'kill_worker':
      return await fleet.replace('worker', act.victim);
    case 'kill_api':
      return await fleet.replace('api', act.victim);
    case 'kill_redis':
      await fleet.redis.kill();
      await sleep(act.downMs);
      await fleet.redis.restart();
      break;
    case 'pause_redis': {
      const { pid } = fleet.redis;
      if (pid === undefined) return;
      process.kill(pid, 'SIGSTOP');
      await sleep(act.forMs);
      process.kill(pid, 'SIGCONT');
      break;
    }
    case 'freeze':
      fleet.proxy.freeze();
      await sleep(act.forMs);
      fleet.proxy.resume();
      break;
    case 'cut':
      fleet.proxy.cut();
  }
  ledger.add({ kind: 'redis_back', atMs: Date.now() });
}

/** What provider and receiver have seen, once every job has been delivered or the time is over. */
async function collect(fleet: ChaosFleet, ledger: ChaosLedger): Promise<void> {
  const ended = new Set(ledger.of('result').map(({ job }) => job.id));
  const told = () => new Set(fleet.receiver.requests.map(({ rawBody }) => jobIdOf(rawBody)));
  const everyone = () => {
    const known = told();
    return [...ended].every((id) => known.has(id));
  };
  await waitFor(everyone, { timeoutMs: 60_000, intervalMs: 500 }).catch(() => {
    // The check says which ones are missing.
  });
  for (const { rawBody, headers, receivedAtMs } of fleet.receiver.requests) {
    ledger.add({
      kind: 'delivered',
      atMs: receivedAtMs,
      jobId: jobIdOf(rawBody),
      webhookId: String(headers['webhook-id']),
      body: rawBody.toString('utf8'),
    });
  }
  for (const call of await fleet.simulator.calls('chat')) ledger.add({ kind: 'call', call });
}

function jobIdOf(rawBody: Buffer): string {
  // Our own webhook's form.
  return (JSON.parse(rawBody.toString('utf8')) as { data: { job_id: string } }).data.job_id;
}
