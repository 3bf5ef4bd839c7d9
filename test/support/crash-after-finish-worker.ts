import { loadConfig } from '@sluice/config';
import { LaneWorker } from '@sluice/queue';
import { createLogger, createRedis, readEnvironment, whenReady } from '@sluice/runtime';
import { processTicket, wireWorker } from '@sluice/worker';

/**
 * A worker that is killed in the moment between the stored result and the end of its ticket: the record is moved, and the
 * process is gone before BullMQ hears of it.
 */
const config = loadConfig({ env: readEnvironment() });
const log = createLogger({ name: 'crash', level: 'silent' });
const redis = createRedis(config.redisUrl, 'worker', log);
await whenReady(redis, 10_000);
const parts = wireWorker(config, redis, log);
for (const lane of Object.keys(config.lanes)) {
  new LaneWorker({
    ...parts,
    root: config.root,
    shard: 0,
    lane,
    concurrency: 1,
    workerId: 'crashing',
    holdOf: ({ jobId, run }) => parts.records.holdOf(jobId, run),
    process: async (ticket, signal) => {
      const move = await processTicket(ticket, { ...parts, lane }, signal);
      process.kill(process.pid, 'SIGKILL');
      return move;
    },
  }).start();
}
process.send?.({ type: 'ready' });
