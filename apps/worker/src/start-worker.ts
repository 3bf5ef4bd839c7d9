import type { Config } from '@sluice/config';
import {
  batchLane,
  deliveryQueueName,
  LaneWorker,
  scheduledLane,
  Scheduler,
  type DeliveryWorker,
  type ProcessTicket,
} from '@sluice/queue';
import { warmUp } from '@sluice/providers';
import {
  assertKeepsKeys,
  createRedis,
  newId,
  systemClock,
  warnOfRedis,
  watchConnection,
  whenReady,
  type Logger,
  type Redis,
} from '@sluice/runtime';

import { holdOfRun } from './begin/hold-of-run.ts';
import { checkConfiguredKeys } from './upkeep/check-configured-keys.ts';
import { listenForCancels } from './upkeep/cancel-listener.ts';
import { sendHeartbeats } from './upkeep/heartbeat.ts';
import { processTicket } from './process-ticket.ts';
import { shardsOf } from './shards-of.ts';
import { startDeliveries } from './deliver/start-deliveries.ts';
import { prepareCounts, prepareCuts } from './upkeep/prepare-counts.ts';
import { sweep } from './upkeep/sweep.ts';
import { watchProgress, type WatchedWorker } from './upkeep/watch-progress.ts';
import { startMeters } from './meter/start-meters.ts';
import { openLanes, wireWorker, type WorkerParts } from './wire-worker.ts';

/** What a worker process does: run jobs, feed batches, deliver webhooks, repair, count the ledger. Any subset. */
export const workerRoles = ['run', 'batch', 'deliver', 'sweep', 'meter'] as const;
export type WorkerRole = (typeof workerRoles)[number];

export interface WorkerOptions {
  config: Config;
  roles: readonly WorkerRole[];
  log: Logger;
  /** Called when the process takes no tickets although there are some for it: it should end and be started again. */
  onStuck?: (error: Error) => void;
  /** How long that may last; 30 s by default. */
  stuckAfterMs?: number;
}

export interface RunningWorker {
  /** Takes the caps of a new configuration, and its limits for the lanes there are; all else waits for the next start. */
  reload(config: Config): void;
  /** Stops taking work, waits up to `graceMs` for calls in flight, gives the rest back, and closes every connection. */
  close(graceMs: number): Promise<void>;
}

const usualStuckAfterMs = 30_000;
const sweepEveryMs = 1_000;

/** Starts the roles of one worker process. Resolves when it takes work; rejects when Redis does not answer, or may evict keys. */
export async function startWorker(options: WorkerOptions): Promise<RunningWorker> {
  const { config, log } = options;
  const redis = await openRedis(config, log);
  const subscriber = createRedis(config.redisUrl, 'subscriber', log, config.redisTls);
  const workerId = newId('worker', systemClock.now());
  const parts = { ...wireWorker(config, redis, log), workerId };
  await parts.lanes.enforceAll();
  const stop = new AbortController();
  const { following } = await followSettings(parts, stop.signal);
  const closers: ((graceMs: number) => Promise<void>)[] = [];
  const laneWorkers = new Map<string, LaneWorker[]>();
  if (options.roles.includes('run')) await startRuns(parts, laneWorkers, stop.signal);
  if (options.roles.includes('batch')) startLane(parts, batchLane, laneWorkers);
  closers.push((graceMs) => closeLanes(laneWorkers, parts, graceMs));
  const deliveryWorkers: DeliveryWorker[] = [];
  if (options.roles.includes('deliver'))
    closers.push(startDeliveries(parts, deliveryWorkers, stop.signal));
  if (options.roles.includes('sweep')) closers.push(await startSweeps(parts));
  if (options.roles.includes('meter'))
    closers.push(startMeters(parts, shardsOf(config), stop.signal));

  await listenForCancels(subscriber, config.root, { ...parts, laneWorkers, signal: stop.signal });
  const beating = sendHeartbeats(
    { ...parts, redis, root: config.root, roles: options.roles, laneWorkers },
    stop.signal,
  );
  watchItself(options, { ...parts, subscriber, laneWorkers, deliveryWorkers }, stop.signal);
  return {
    reload: (next) => takeLimits(next, parts),
    async close(graceMs) {
      stop.abort();
      await Promise.all(closers.map((close) => close(graceMs)));
      await Promise.all([beating, following]);
      await parts.lanes.close();
      await parts.sender.close();
      await parts.downloader.close();
      subscriber.disconnect();
      await redis.quit();
    },
  };
}

type WatchedParts = WorkerParts & {
  subscriber: Redis;
  laneWorkers: ReadonlyMap<string, LaneWorker[]>;
  deliveryWorkers: readonly DeliveryWorker[];
};

/** Whether it makes progress, and its connections are alive. What it starts ends with the signal and never rejects. */
function watchItself(options: WorkerOptions, parts: WatchedParts, signal: AbortSignal): void {
  if (options.onStuck) void watchLanes(options.onStuck, options, parts, signal);
  watchConnections({ worker: parts.redis, subscriber: parts.subscriber }, parts, signal);
}

async function watchLanes(
  onStuck: (error: Error) => void,
  { config, log, stuckAfterMs = usualStuckAfterMs }: WorkerOptions,
  { laneWorkers, deliveryWorkers, clock }: WatchedParts,
  signal: AbortSignal,
): Promise<void> {
  // Nothing can be stuck yet, and a start has enough to do.
  await clock.sleep(stuckAfterMs / 10, signal);
  if (signal.aborted) return;
  const redis = createRedis(config.redisUrl, 'producer', log, config.redisTls);
  const lanes = openLanes(config, redis);
  const watched = new Map<string, readonly WatchedWorker[]>(laneWorkers);
  watched.set(deliveryQueueName, deliveryWorkers);
  await watchProgress({ watched, lanes, clock, log, onStuck, stuckAfterMs }, signal);
  await lanes.close();
  redis.disconnect();
}

/** BullMQ looks after the connections on which it waits for tickets. */
function watchConnections(
  connections: Readonly<Record<string, Redis>>,
  { clock, log }: Pick<WorkerParts, 'clock' | 'log'>,
  signal: AbortSignal,
): void {
  for (const [name, redis] of Object.entries(connections)) {
    // Ends with the signal and never rejects.
    void watchConnection(redis, { name, clock, log, signal });
  }
}

async function openRedis({ redisUrl, redisTls }: Config, log: Logger): Promise<Redis> {
  const redis = createRedis(redisUrl, 'worker', log, redisTls);
  await whenReady(redis, 10_000);
  await assertKeepsKeys(redis);
  await warnOfRedis(redis, systemClock, log);
  return redis;
}

function takeLimits({ lanes, tenants }: Config, parts: WorkerParts): void {
  const { laneBook, records, log } = parts;
  const added = laneBook.replace(lanes);
  records.replaceCaps(tenants);
  log.info({ added }, 'the limits were read again; lanes that were added wait for a restart');
}

type NamedParts = WorkerParts & { workerId: string };

/** Jobs need not wait for it, and one that fails says what is wrong before the first job does. */
function warmUpProviders({ config, http, log }: WorkerParts): void {
  for (const provider of Object.values(config.providers)) {
    if (!provider.warm) continue;
    warmUp(http, provider).catch((error: unknown) => {
      log.warn({ err: error, provider: provider.name }, 'a connection was not opened in advance');
    });
  }
}

/** Jobs need not wait for it: until a key is known to be refused, the first job would find out. */
function tryKeys(parts: WorkerParts, signal: AbortSignal): void {
  checkConfiguredKeys(parts, signal).catch((error: unknown) => {
    parts.log.warn({ err: error }, 'the keys were not checked');
  });
}

async function startRuns(
  parts: NamedParts,
  laneWorkers: Map<string, LaneWorker[]>,
  signal: AbortSignal,
): Promise<void> {
  warmUpProviders(parts);
  await prepareCounts(parts.config);
  const lanes = [...Object.keys(parts.config.lanes), scheduledLane];
  for (const lane of lanes) startLane(parts, lane, laneWorkers);
  tryKeys(parts, signal);
}

function startLane(parts: NamedParts, lane: string, laneWorkers: Map<string, LaneWorker[]>): void {
  const deps = { ...parts, lane };
  const process: ProcessTicket = (ticket, signal) => processTicket(ticket, deps, signal);
  const workers = shardsOf(parts.config).map(
    (shard) =>
      new LaneWorker({
        ...parts,
        root: parts.config.root,
        concurrency: parts.config.worker.concurrency,
        shard,
        lane,
        process,
        holdOf: (ticket) => holdOfRun(ticket, parts),
      }),
  );
  laneWorkers.set(lane, workers);
  for (const worker of workers) worker.start();
}

async function closeLanes(
  laneWorkers: ReadonlyMap<string, LaneWorker[]>,
  parts: WorkerParts,
  graceMs: number,
): Promise<void> {
  const workers = [...laneWorkers.values()].flat();
  // What does not end within the grace is cut. Nobody waits for the tables if it does.
  if (workers.some(({ runningCount }) => runningCount > 0)) void prepareCuts(parts);
  await Promise.all(workers.map((worker) => worker.close(graceMs)));
}

/** Reads what operators have set, and goes on reading it until `signal` aborts. */
async function followSettings(
  { laneBook, budgets, splits }: WorkerParts,
  signal: AbortSignal,
): Promise<{ following: Promise<unknown> }> {
  await Promise.all([laneBook.refresh(), budgets.refresh()]);
  return {
    following: Promise.all([laneBook, budgets, splits].map((each) => each.follow(signal))),
  };
}

async function startSweeps(parts: WorkerParts): Promise<() => Promise<void>> {
  const schedulers = shardsOf(parts.config).map(
    (shard) =>
      new Scheduler({
        ...parts,
        root: parts.config.root,
        shard,
        everyMs: sweepEveryMs,
        task: () => sweep(shard, parts),
      }),
  );
  for (const scheduler of schedulers) await scheduler.start();
  return async () => {
    await Promise.all(schedulers.map((scheduler) => scheduler.close()));
  };
}
