import { subscribe } from 'node:diagnostics_channel';

import { loadConfig } from '@sluice/config';
import { LaneWorker } from '@sluice/queue';
import {
  createLogger,
  createRedis,
  newId,
  readEnvironment,
  systemClock,
  whenReady,
} from '@sluice/runtime';
import { processTicket, wireWorker } from '@sluice/worker';

/**
 * A worker that is killed by every job whose prompt has the word `poison`, in the moment when its call leaves. Its locks are
 * short and it has no heartbeat, so that the next worker has not to wait long to take over: a job has to kill five.
 */
const lock = { durationMs: 1_000, checkMs: 500 };

subscribe('undici:request:create', (message) => {
  // What undici says on this channel.
  const { body } = (message as { request: { body: unknown } }).request;
  if (String(body).includes('poison')) process.kill(process.pid, 'SIGKILL');
});

const config = loadConfig({ env: readEnvironment() });
const log = createLogger({ name: 'poisonable', level: 'silent' });
const redis = createRedis(config.redisUrl, 'worker', log);
await whenReady(redis, 10_000);
const parts = wireWorker(config, redis, log);
for (const lane of Object.keys(config.lanes)) {
  new LaneWorker({
    ...parts,
    root: config.root,
    shard: 0,
    lane,
    lock,
    concurrency: 10,
    workerId: newId('worker', systemClock.now()),
    holdOf: ({ jobId, run }) => parts.records.holdOf(jobId, run),
    process: (ticket, signal) => processTicket(ticket, { ...parts, lane }, signal),
  }).start();
}
process.send?.({ type: 'ready' });
