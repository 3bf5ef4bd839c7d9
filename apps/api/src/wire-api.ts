import { createBlobStore, createFileStore } from '@sluice/batches';
import { createCache } from '@sluice/cache';
import { createLimits, LaneBook, ParkedKeys } from '@sluice/limits';
import { BudgetBook, createUsageBook } from '@sluice/metering';
import { Lanes } from '@sluice/queue';
import { createRecords, shardOf } from '@sluice/records';
import { SplitBook } from '@sluice/routing';
import { systemClock } from '@sluice/runtime';
import { createApiKeys, createKeyRing, createSeals, createTenants } from '@sluice/tenants';
import { createDeliveryLog, createEndpointStore } from '@sluice/webhooks';

import type { ApiDeps } from './deps.ts';
import { createAppBook } from './dify/app-book.ts';
import { createJobFollower } from './events/job-follower.ts';
import { createApiMetrics } from './metrics.ts';
import { watchLanes } from './watch/lane-watch.ts';
import { watchRedis } from './watch/redis-watch.ts';
import { watchRoutes } from './watch/route-watch.ts';

type Given = Pick<ApiDeps, 'config' | 'adminKey' | 'log' | 'redis'> & {
  subscriber: ApiDeps['redis'];
};

/** Makes what the routes work with, on connections that are there; the watches end when `closing` aborts. */
export function wireApi(given: Given, closing: AbortSignal): ApiDeps {
  const { config, adminKey, log, redis } = given;
  const { root, shards } = config;
  const clock = systemClock;
  const stores = openStores(given);
  const { lanes } = stores;
  return {
    config,
    adminKey,
    redis,
    clock,
    log,
    closing,
    ...stores,
    apps: createAppBook({ config, clock }, closing),
    parkedKeys: new ParkedKeys({ redis, root, clock }),
    ...limitParts(given, closing),
    budgets: new BudgetBook({ redis, root, clock, log, configured: config.budgets }),
    usage: createUsageBook({ redis, root, shards, clock, ...config.usage }),
    redisWatch: watchRedis({ redis, clock, log }, closing),
    laneWatch: watchLanes({ redis, config, lanes, clock, log }, closing),
    metrics: createApiMetrics(),
  };
}

/** Where jobs, tenants and endpoints are kept. */
function openStores({ config, log, redis, subscriber }: Given) {
  const { root, shards, masterKeys, jobs, server, files } = config;
  const clock = systemClock;
  const requestsPerSecond = server.requestsPerSecondPerKey;
  const seals = createSeals({ redis, root, clock, masterKeys });
  const stored = { redis, root, shards, clock, seals };
  const caps = { ...jobs, caps: config.tenants };
  const records = createRecords({ ...stored, subscriber, config: caps });
  // Only ids that this process made or read from a record come here.
  const shard = (jobId: string) => shardOf(jobId) ?? 0;
  const lanes = new Lanes({ ...stored, lanes: Object.values(config.lanes), shardOf: shard });
  return {
    records,
    follower: createJobFollower({ records, clock, log }),
    lanes,
    files: createFileStore({ ...stored, ...files, blobs: createBlobStore(files.storage) }),
    seals,
    cache: createCache({ redis, root, seals }),
    keyRing: createKeyRing({ redis, root, clock, log, requestsPerSecond }),
    tenants: createTenants({ redis, root, clock }),
    apiKeys: createApiKeys({ redis, root, clock }),
    endpoints: createEndpointStore({ ...stored, mirror: records }),
    deliveryLog: createDeliveryLog({ redis, root, clock, retentionMs: jobs.retentionMs }),
  };
}

/** The limits as all processes keep them, and what is known of them without asking. */
function limitParts(
  { config, redis, log }: Pick<ApiDeps, 'config' | 'redis' | 'log'>,
  closing: AbortSignal,
): Pick<ApiDeps, 'limits' | 'laneBook' | 'routeWatch' | 'splits'> {
  const { root } = config;
  const clock = systemClock;
  const limits = createLimits({ redis, root, clock });
  const laneBook = new LaneBook({ redis, root, clock, log, lanes: config.lanes });
  const splits = new SplitBook({ redis, root, clock, log, routes: config.routes });
  // Ends with the signal and never rejects.
  void splits.follow(closing);
  const routeWatch = watchRoutes({ limits, laneBook, clock, log }, closing);
  return { limits, laneBook, routeWatch, splits };
}
