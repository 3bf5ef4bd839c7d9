import { subscribe } from 'node:diagnostics_channel';

import { loadConfig } from '@sluice/config';
import { batchLane, LaneWorker } from '@sluice/queue';
import {
  createLogger,
  createRedis,
  newId,
  readEnvironment,
  systemClock,
  whenReady,
} from '@sluice/runtime';
import { processTicket, wireWorker } from '@sluice/worker';

const [moment = '', word = ''] = (process.env['CRASH_AT'] ?? '').split(' ');
const durationMs = Number(process.env['LOCK_MS'] ?? 10_000);
const checkMs = Number(process.env['CHECK_MS'] ?? durationMs / 2);
/** As a kill, in that nothing which waits gets a turn; but what was compiled is kept for the next one of its kind. */
const die = () => process.exit(137);

interface Sent {
  body: unknown;
  method: string;
  path: string;
}

const isThePost = ({ method, path }: Sent) => method === 'POST' && path.endsWith(word);

/**
 * A worker that is killed in the moment that `CRASH_AT` names; without it, in none:
 *
 * | CRASH_AT         | the moment                                                                          |
 * |------------------|-------------------------------------------------------------------------------------|
 * | `call <word>`    | a request whose body has the word is about to leave                                  |
 * | `post <path>`    | a POST whose path ends so is about to leave                                          |
 * | `reply <path>`   | the head of the reply to such a POST has come, and nobody has looked at it           |
 * | `finish`         | the record of a job is moved, and BullMQ has not heard of it                         |
 *
 * It has no heartbeat, so that the next worker takes over as soon as its locks have ended: after `LOCK_MS`, 10 s by default. It
 * looks for locks that have ended every `CHECK_MS`, half of that by default.
 */
export async function run(): Promise<void> {
  dieWhileCalling();
  const config = loadConfig({ env: readEnvironment() });
  const log = createLogger({ name: 'crashing', level: 'silent' });
  const redis = createRedis(config.redisUrl, 'worker', log);
  await whenReady(redis, 10_000);
  const parts = wireWorker(config, redis, log);
  for (const lane of [...Object.keys(config.lanes), batchLane]) {
    new LaneWorker({
      ...parts,
      root: config.root,
      shard: 0,
      lane,
      lock: { durationMs, checkMs },
      concurrency: moment === 'finish' ? 1 : 10,
      workerId: newId('worker', systemClock.now()),
      holdOf: (ticket) => parts.records.holdOf(ticket.jobId, ticket.run),
      process: async (ticket, signal) => {
        const move = await processTicket(ticket, { ...parts, lane }, signal);
        if (moment === 'finish') die();
        return move;
      },
    }).start();
  }
  process.send?.({ type: 'ready' });
}

/** What undici says on these channels. */
function dieWhileCalling(): void {
  subscribe('undici:request:create', (message) => {
    const { request } = message as { request: Sent };
    if (moment === 'call' && String(request.body).includes(word)) die();
    if (moment === 'post' && isThePost(request)) die();
  });
  subscribe('undici:request:headers', (message) => {
    const { request } = message as { request: Sent };
    if (moment === 'reply' && isThePost(request)) die();
  });
}
