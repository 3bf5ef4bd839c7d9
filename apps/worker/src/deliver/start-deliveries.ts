import { DeliveryWorker } from '@sluice/queue';
import { createRecords } from '@sluice/records';
import { createRedis, newId, watchConnection, type Redis } from '@sluice/runtime';
import { createEndpointGate, deliverySchedule } from '@sluice/webhooks';

import { shardsOf } from '../shards-of.ts';
import type { WorkerParts } from '../wire-worker.ts';
import { deliverWebhook } from './deliver-webhook.ts';
import { relayOutbox, type RelayOptions } from './relay-outbox.ts';

/** Each waits for a receiver; how many of them one receiver may hold is its gate's to say. */
const deliveriesAtOnce = 200;

/**
 * Reads the outbox and runs the deliveries of every shard; `workers` gets one for each. Returns what stops them: see
 * RunningWorker. Blocking reads hold a connection of their own.
 */
export function startDeliveries(
  parts: WorkerParts,
  workers: DeliveryWorker[],
  signal: AbortSignal,
): (graceMs: number) => Promise<void> {
  const { config, clock } = parts;
  const schedule = deliverySchedule(config.webhooks.scheduleMs);
  const consumer = newId('reader', clock.now());
  const gate = createEndpointGate({
    concurrency: config.webhooks.endpointConcurrency,
    requestsPerSecond: config.webhooks.endpointRequestsPerSecond,
  });
  const deps = { ...parts, schedule, gate };
  const stops = shardsOf(config).map((shard) => {
    const options = { shard, consumer, signal };
    const { blocking, relaying } = startRelay(parts, schedule.attempts, options);
    const worker = new DeliveryWorker({
      ...parts,
      root: config.root,
      shard,
      concurrency: deliveriesAtOnce,
      deliver: (delivery, attempt, aborted) => deliverWebhook(delivery, attempt, deps, aborted),
      delayBeforeMs: (attempt) => schedule.delayBeforeAttemptMs(attempt, parts.random) ?? 0,
    });
    worker.start();
    workers.push(worker);
    return async (graceMs: number) => {
      blocking.disconnect();
      await Promise.all([relaying, worker.close(graceMs)]);
    };
  });
  return async (graceMs) => {
    await Promise.all(stops.map((stop) => stop(graceMs)));
  };
}

function startRelay(
  parts: WorkerParts,
  deliveryAttempts: number,
  options: RelayOptions,
): { blocking: Redis; relaying: Promise<void> } {
  const { config, redis, clock, seals, log } = parts;
  const { root, shards } = config;
  const blocking = createRedis(config.redisUrl, 'worker', log, config.redisTls);
  // Ends with the signal and never rejects.
  void watchConnection(blocking, { name: 'outbox', clock, log, signal: options.signal });
  const stored = { redis, root, shards, clock, seals };
  const records = createRecords({ ...stored, blocking, config: config.jobs });
  return { blocking, relaying: relayOutbox({ ...parts, records, deliveryAttempts }, options) };
}
