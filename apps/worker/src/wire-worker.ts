import { createCache } from '@sluice/cache';
import type { Config } from '@sluice/config';
import { createLimits, ParkedKeys } from '@sluice/limits';
import { createAdapters } from '@sluice/providers';
import { Lanes } from '@sluice/queue';
import { createRecords, shardOf } from '@sluice/records';
import { systemClock, systemRandom, type Logger, type Redis } from '@sluice/runtime';
import { createWebhookSender, type WebhookSender } from '@sluice/webhooks';

import type { ProcessTicketDeps } from './process-ticket.ts';
import { createWorkerMetrics } from './worker-metrics.ts';

/** What the roles of one worker process share. */
export interface WorkerParts extends ProcessTicketDeps {
  redis: Redis;
  sender: WebhookSender;
}

/** Makes everything that the roles share, once, on one connection: what is sent first is done first. */
export function wireWorker(config: Config, redis: Redis, log: Logger): WorkerParts {
  const { root, shards } = config;
  const clock = systemClock;
  return {
    config,
    redis,
    log,
    clock,
    random: systemRandom,
    records: createRecords({ redis, root, shards, config: config.jobs, clock }),
    lanes: new Lanes({
      redis,
      root,
      shards,
      lanes: Object.values(config.lanes),
      shardOf: (jobId) => shardOf(jobId) ?? 0,
    }),
    cache: createCache({ redis, root }),
    limits: createLimits({ redis, root, clock }),
    parkedKeys: new ParkedKeys({ redis, root, clock }),
    adapterFor: createAdapters({}),
    metrics: createWorkerMetrics(),
    sender: createWebhookSender({
      allowPrivateHosts: config.allowPrivateHosts,
      timeoutMs: config.webhooks.timeoutMs,
      clock,
    }),
  };
}
