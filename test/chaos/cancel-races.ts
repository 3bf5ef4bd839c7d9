import { setTimeout as sleep } from 'node:timers/promises';

import { isTerminal, type JobState, type JobView } from '@sluice/contracts';
import { startReceiver, waitFor, type Receiver } from '@sluice/testing';

import { defaultConfig, launchStack, type Stack } from '../support/start-stack.ts';
import { checkRaces, type Race, type RaceVerdict } from './check-races.ts';
import { seededRandom } from './seeded-random.ts';
import { untilAnswered } from './until-answered.ts';

export interface CancelRacesOptions {
  races: number;
  workers: number;
  seed: number;
}

export interface CancelRacesReport extends CancelRacesOptions, RaceVerdict {
  seconds: number;
}

const racersAtOnce = 40;
const longestCallMs = 120;
/** Most calls have ended by then, with what they wait in line before. */
const longestWaitMs = 600;
const webhook = { secret: `whsec_${Buffer.alloc(24, 7).toString('base64')}` };

/**
 * Cancels jobs at random moments of their lives, as many as complete at that very moment: chats, streams and Dify runs, over
 * several workers. Then what API, receiver and simulator have seen is compared, job by job.
 */
export async function runCancelRaces(options: CancelRacesOptions): Promise<CancelRacesReport> {
  const startedMs = performance.now();
  const receiver = await startReceiver();
  const { stack, stop } = await launchStack({ workers: options.workers, config });
  try {
    await stack.simulator.behaviour({
      latencyMs: { min: 1, max: longestCallMs },
      chunkDelayMs: { min: 0, max: 15 },
      dify: { nodeDelayMs: { min: 1, max: 40 } },
      seed: options.seed,
    });
    const races = await runRaces(stack, receiver, options);
    await settle(stack, receiver, races);
    const ends = await readEnds(stack, races);
    const calls = await stack.simulator.calls();
    const verdict = checkRaces({ races, ends, calls: calls, events: receiver.requests });
    const seconds = Math.round((performance.now() - startedMs) / 1_000);
    return { ...options, ...verdict, seconds };
  } finally {
    await stop();
    await receiver.close();
  }
}

function config(addresses: { simulatorUrl: string }): Record<string, unknown> {
  return {
    ...defaultConfig(addresses),
    worker: { concurrency: 20 },
    webhooks: { endpointConcurrency: 50, endpointRequestsPerSecond: 10_000 },
  };
}

async function runRaces(
  stack: Stack,
  receiver: Receiver,
  { races: count, seed }: CancelRacesOptions,
): Promise<Race[]> {
  const random = seededRandom(seed);
  const races: Race[] = [];
  let next = 0;
  const racer = async () => {
    for (let index = next++; index < count; index = next++) {
      races.push(await race(stack, receiver, index, random() * longestWaitMs));
    }
  };
  await Promise.all(Array.from({ length: racersAtOnce }, racer));
  return races;
}

async function race(
  stack: Stack,
  receiver: Receiver,
  index: number,
  waitMs: number,
): Promise<Race> {
  const job = {
    ...jobOf(index),
    user: `race-${index}`,
    webhook: { ...webhook, url: `${receiver.url}/hook` },
  };
  const accepted = await untilAnswered(() =>
    stack.request('POST', '/v1/jobs', job, { 'idempotency-key': `race-${index}` }),
  );
  // The API's own reply.
  const { id } = accepted.reply.body as JobView;
  await sleep(waitMs);
  const { reply, wasAway, askedAtMs } = await untilAnswered(() =>
    stack.request('POST', `/v1/jobs/${id}/cancel`),
  );
  const { status, body } = reply;
  const state = status === 200 ? (body as JobView).state : undefined;
  return { index, id, askedAtMs, status, state, isUncertain: wasAway };
}

function jobOf(index: number): Record<string, unknown> {
  if (index % 10 === 0) return { type: 'workflow', app: 'flow', input: { inputs: { n: index } } };
  const content = `race ${index} over a text of some words that takes a while to be said`;
  const messages = [{ role: 'user', content }];
  return { type: 'chat', model: 'chat', input: { messages }, stream: index % 3 === 0 };
}

/** Once every job has ended, every call of it is settled and booked, and every event has come. */
async function settle(stack: Stack, receiver: Receiver, races: readonly Race[]): Promise<void> {
  const patience = { timeoutMs: 120_000, intervalMs: 200 };
  for (const { id } of races) await endOf(stack, id);
  await waitFor(async () => {
    const calls = await stack.simulator.calls();
    return calls.every(({ outcome }) => outcome !== 'open');
  }, patience);
  await waitFor(() => receiver.requests.length >= races.length, patience);
  // Longer than a late call takes to be booked.
  await sleep(2_000);
}

async function endOf(stack: Stack, id: string): Promise<JobState> {
  const deadline = performance.now() + 120_000;
  for (;;) {
    const { reply } = await untilAnswered(() => stack.request('GET', `/v1/jobs/${id}?wait=10`));
    const { state } = reply.body as JobView;
    if (isTerminal(state)) return state;
    if (performance.now() > deadline) throw new Error(`${id} did not end`);
  }
}

async function readEnds(stack: Stack, races: readonly Race[]): Promise<Map<string, JobView>> {
  const ends = new Map<string, JobView>();
  for (const { id } of races) {
    const path = `/v1/jobs/${id}?include=timeline`;
    const { reply } = await untilAnswered(() => stack.request('GET', path));
    ends.set(id, reply.body as JobView);
  }
  return ends;
}
