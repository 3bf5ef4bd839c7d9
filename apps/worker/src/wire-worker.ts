import { createBlobStore, createFileStore, type FileStore } from '@sluice/batches';
import { createCache, createFlights, createNearIndex } from '@sluice/cache';
import type { Config } from '@sluice/config';
import { createLimits, createOutputForecast, LaneBook, ParkedKeys } from '@sluice/limits';
import type { LaneInForce } from '@sluice/limits';
import {
  createAdapters,
  createHttpClient,
  type HttpClient,
  type OnRemaining,
} from '@sluice/providers';
import { Lanes } from '@sluice/queue';
import { BudgetBook, createUsageBook, type UsageBook } from '@sluice/metering';
import { createRecords, shardOf } from '@sluice/records';
import { SplitBook } from '@sluice/routing';
import {
  createDownloader,
  systemClock,
  systemRandom,
  type Logger,
  type Redis,
  type Seals,
} from '@sluice/runtime';
import { createSeals, createTenants } from '@sluice/tenants';
import {
  createDeliveryLog,
  createEndpointStore,
  createWebhookSender,
  type DeliveryLog,
  type EndpointStore,
  type WebhookSender,
} from '@sluice/webhooks';

import { followUpstreamLimits } from './permit/follow-upstream-limits.ts';
import type { ProcessTicketDeps } from './process-ticket.ts';
import { Suspects } from './begin/suspects.ts';
import { watchWorkerLife } from './upkeep/worker-life.ts';
import { createWorkerMetrics } from './worker-metrics.ts';

/** What the roles of one worker process share. */
export interface WorkerParts extends Omit<ProcessTicketDeps, 'lane'> {
  redis: Redis;
  /** Encryption at rest; `undefined` where it is off. */
  seals: Seals | undefined;
  sender: WebhookSender;
  endpoints: EndpointStore;
  deliveryLog: DeliveryLog;
  http: HttpClient;
  usage: UsageBook;
  files: FileStore;
}

/** Makes everything that the roles share, once, on one connection: what is sent first is done first. */
export function wireWorker(config: Config, redis: Redis, log: Logger): WorkerParts {
  const { root, shards } = config;
  const clock = systemClock;
  const stored = { redis, root, shards, clock };
  const lanes = openLanes(config, redis);
  const seals = createSeals({ redis, root, clock, masterKeys: config.masterKeys });
  const jobs = { ...config.jobs, caps: config.tenants };
  const records = createRecords({ ...stored, config: jobs, seals });
  const limits = createLimits({ redis, root, clock });
  const onChange = (lane: LaneInForce) => enforceLane(lane, lanes, log);
  const laneBook = new LaneBook({ redis, root, clock, log, lanes: config.lanes, onChange });
  const onRemaining = followUpstreamLimits({ clock, laneBook, limits, log });
  return {
    config,
    redis,
    log,
    clock,
    random: systemRandom,
    records,
    seals,
    ...webhookParts(config, redis, { records, seals }),
    lanes,
    ...cacheParts(root, redis, seals),
    files: openFiles(config, { redis, seals }),
    budgets: new BudgetBook({ redis, root, clock, log, configured: config.budgets }),
    usage: createUsageBook({ redis, root, shards, clock, ...config.usage }),
    limits,
    laneBook,
    forecast: createOutputForecast(),
    parkedKeys: new ParkedKeys({ redis, root, clock }),
    tenants: createTenants({ redis, root, clock }),
    splits: new SplitBook({ redis, root, clock, log, routes: config.routes }),
    ...providerParts(config, onRemaining),
    downloader: createDownloader({ allowPrivateHosts: config.allowPrivateHosts }),
    workerLife: watchWorkerLife({ redis, root, clock }),
    runs: new Map(),
    suspects: new Suspects(clock),
    metrics: createWorkerMetrics(),
  };
}

/** The lanes of a configuration, on one connection. */
export function openLanes({ root, shards, lanes }: Config, redis: Redis): Lanes {
  const stored = { redis, root, shards, clock: systemClock };
  return new Lanes({ ...stored, lanes: Object.values(lanes), shardOf: shardOfJob });
}

/** Only ids that this process made or read from a record come here. */
function shardOfJob(jobId: string): number {
  return shardOf(jobId) ?? 0;
}

function cacheParts(
  root: string,
  redis: Redis,
  seals: Seals | undefined,
): Pick<WorkerParts, 'cache' | 'flights' | 'near'> {
  const stored = { redis, root, seals };
  return {
    cache: createCache(stored),
    flights: createFlights(stored),
    near: createNearIndex(stored),
  };
}

function openFiles(
  { root, shards, files }: Config,
  stored: Pick<WorkerParts, 'redis' | 'seals'>,
): FileStore {
  const blobs = createBlobStore(files.storage);
  return createFileStore({ ...stored, ...files, root, shards, clock: systemClock, blobs });
}

/** BullMQ enforces a part of a lane's limits for all workers: what changes is written where it looks. */
function enforceLane(lane: LaneInForce, lanes: Lanes, log: Logger): void {
  lanes.enforce(lane).catch((error: unknown) => {
    log.warn({ err: error, lane: lane.name }, 'the limits of a lane were not written');
  });
  log.info({ lane: lane.name }, 'the limits of a lane have changed');
}

function providerParts(
  config: Config,
  onRemaining: OnRemaining,
): Pick<WorkerParts, 'adapterFor' | 'http'> {
  const http = createHttpClient({
    clock: systemClock,
    connections: { allowPrivateHosts: config.upstreamHosts, proxy: config.proxy },
    onRemaining,
  });
  return { http, adapterFor: createAdapters(http) };
}

function webhookParts(
  { root, jobs, webhooks, allowPrivateHosts }: Config,
  redis: Redis,
  { records, seals }: Pick<WorkerParts, 'records' | 'seals'>,
): Pick<WorkerParts, 'endpoints' | 'deliveryLog' | 'sender'> {
  const clock = systemClock;
  const { timeoutMs } = webhooks;
  return {
    endpoints: createEndpointStore({ redis, root, clock, seals, mirror: records }),
    deliveryLog: createDeliveryLog({ redis, root, clock, retentionMs: jobs.retentionMs }),
    sender: createWebhookSender({ allowPrivateHosts, timeoutMs, clock }),
  };
}
