import { setTimeout as sleep } from 'node:timers/promises';

import type { JobView, WebhookEvent } from '@sluice/contracts';
import { startReceiver, waitFor, type ReceivedRequest, type Receiver } from '@sluice/testing';

import { defaultConfig, launchStack, type Stack } from '../support/start-stack.ts';
import { seededRandom } from './seeded-random.ts';

export interface WebhookOutageOptions {
  jobs: number;
  /** `kill -9` of a worker chosen at random while the receiver is down; each is replaced by a new one. */
  kills: number;
  workers: number;
  seed: number;
  /** Simulated seconds in a real one: of the outage, and of the schedule on which deliveries are tried again. */
  scale: number;
}

export interface WebhookOutageReport extends WebhookOutageOptions {
  /** Two of each job: one for its own webhook, one for the tenant's endpoint. */
  events: number;
  /** Events that arrived once the receiver was back. */
  delivered: number;
  /** POSTs beyond the first that was taken. */
  duplicates: number;
  /** Events under an id that is not that of their job. */
  otherIds: number;
  /** Jobs of which more than one end was told. */
  twoEnds: number;
  /** POSTs that came while the receiver was down. */
  refused: number;
  killed: number;
  seconds: number;
}

/** As Standard Webhooks proposes it; the receiver is down for the time of the first four attempts. */
const scheduleSeconds = [0, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
const outageSeconds = 7_200;
const deliveredWithinMs = 120_000;

/** A receiver that is down for two simulated hours in which jobs end and workers are killed. */
export async function runWebhookOutage(
  options: WebhookOutageOptions,
): Promise<WebhookOutageReport> {
  const startedMs = performance.now();
  const hook = await startReceiver();
  const { stack, stop } = await launchStack({
    workers: options.workers,
    config: (addresses) => ({
      ...defaultConfig(addresses),
      webhooks: { scheduleSeconds: scheduleSeconds.map((pause) => pause / options.scale) },
    }),
  });
  try {
    await stack.request('POST', '/v1/webhooks', { url: `${hook.url}/endpoint` });
    hook.otherwise({ fault: 'reset' });
    const [jobs, replacements] = await Promise.all([
      submitDuring(stack, hook, options),
      killWorkers(stack, options),
      sleep((outageSeconds / options.scale) * 1_000),
    ]);
    // On a slow machine two hours are over before anything was sent: an outage that nobody meets proves nothing.
    await waitFor(() => namesIn(hook.requests).size >= jobs.length, { timeoutMs: 60_000 });
    // A request is recorded and answered in one turn: what came before this line was cut.
    const refused = hook.requests.length;
    hook.otherwise({ status: 200 });
    await Promise.all(replacements);
    await waitUntilTold(hook, refused, jobs.length);
    const seconds = Math.round((performance.now() - startedMs) / 1_000);
    const judged = judge(jobs, hook.requests.slice(refused), hook.requests);
    return { ...options, ...judged, refused, killed: options.kills, seconds };
  } finally {
    await stop();
    await hook.close();
  }
}

/** Half of the jobs run a Dify app: their ends are told in another shape. */
async function submitDuring(
  stack: Stack,
  hook: Receiver,
  { jobs, scale }: WebhookOutageOptions,
): Promise<JobView[]> {
  const submitted: JobView[] = [];
  const secret = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;
  for (let number = 0; number < jobs; number += 1) {
    const work =
      number % 2 === 0
        ? { type: 'chat', model: 'chat', input: { messages: [{ role: 'user', content: 'Hello' }] } }
        : { type: 'workflow', app: 'flow', input: { inputs: { number } } };
    submitted.push(await stack.submit({ ...work, webhook: { url: `${hook.url}/job`, secret } }));
    await sleep((outageSeconds / scale / jobs) * 500);
  }
  return submitted;
}

/** The workers that take the places of those that were killed; the outage does not last until they are there. */
async function killWorkers(
  stack: Stack,
  { kills, workers, seed, scale }: WebhookOutageOptions,
): Promise<Promise<unknown>[]> {
  const random = seededRandom(seed);
  const living = stack.workers.slice(0, workers);
  const replacements: Promise<unknown>[] = [];
  for (let kill = 0; kill < kills; kill += 1) {
    await sleep(random() * (outageSeconds / scale / kills) * 1_000);
    const [victim] = living.splice(Math.floor(random() * living.length), 1);
    victim?.kill('SIGKILL');
    replacements.push(stack.addWorker().then((worker) => living.push(worker)));
  }
  return replacements;
}

async function waitUntilTold(hook: Receiver, refused: number, jobs: number): Promise<void> {
  const told = () => namesIn(hook.requests.slice(refused)).size;
  // What never comes is for the report to say.
  await waitFor(() => told() === jobs * 2, { timeoutMs: deliveredWithinMs }).catch(() => undefined);
}

/** The events that came, each at each of the two receivers once. */
function namesIn(requests: readonly ReceivedRequest[]): Set<string> {
  return new Set(requests.map(nameOf));
}

/** One event at one of the two receivers. */
function nameOf(request: ReceivedRequest): string {
  return `${request.path} ${eventOf(request).data.job_id}`;
}

function eventOf({ rawBody }: ReceivedRequest): WebhookEvent {
  // Written by a worker of the stack.
  return JSON.parse(rawBody.toString()) as WebhookEvent;
}

function judge(
  jobs: readonly JobView[],
  taken: readonly ReceivedRequest[],
  all: readonly ReceivedRequest[],
): Pick<WebhookOutageReport, 'events' | 'delivered' | 'duplicates' | 'otherIds' | 'twoEnds'> {
  const known = new Set(jobs.map(({ id }) => id));
  const delivered = namesIn(taken);
  const ends = Map.groupBy(all, (request) => eventOf(request).data.job_id);
  const wrong = all.filter((request) => {
    const { id, data } = eventOf(request);
    const expected = data.job_id.replace(/^job_/, 'evt_');
    return !known.has(data.job_id) || id !== expected || request.headers['webhook-id'] !== id;
  });
  const twoEnds = [...ends.values()].filter(
    (requests) => new Set(requests.map((request) => eventOf(request).type)).size > 1,
  );
  return {
    events: jobs.length * 2,
    delivered: delivered.size,
    duplicates: taken.length - delivered.size,
    otherIds: wrong.length,
    twoEnds: twoEnds.length,
  };
}

/** Whether everybody was told of every job, under one id and with one end. */
export function isProven(report: WebhookOutageReport): boolean {
  const { events, delivered, otherIds, twoEnds } = report;
  return delivered === events && otherIds === 0 && twoEnds === 0;
}
