import { Queue, Worker, type Job } from 'bullmq';
import { Redis } from 'ioredis';
import { request } from 'undici';

/**
 * The baselines of `limits` and `fairness`: a BullMQ worker that makes the call and tries again when it is refused. With
 * LIMIT_MAX and LIMIT_MS it has BullMQ's own limiter, without them it takes what comes, first in, first out.
 */
const url = `${process.env['UPSTREAM_URL']}/chat/completions`;
const connection = new Redis(process.env['REDIS_URL'] ?? '', { maxRetriesPerRequest: null });
const max = Number(process.env['LIMIT_MAX'] ?? 0);
const duration = Number(process.env['LIMIT_MS'] ?? 0);
const name = process.env['QUEUE'] ?? '';
const queue = new Queue(name, { connection });
if (process.env['CONCURRENCY'])
  await queue.setGlobalConcurrency(Number(process.env['CONCURRENCY']));
const worker = new Worker(name, async (job: Job) => await chat(job), {
  connection,
  concurrency: 50,
  ...(max > 0 && { limiter: { max, duration } }),
  settings: { backoffStrategy: (_attempts, _type, error) => waitOf(error) },
});
await worker.waitUntilReady();
process.send?.({ type: 'ready' });
process.once('SIGTERM', () => process.exit(0));
process.once('disconnect', () => process.exit(0));

class Refused extends Error {
  readonly waitMs: number;

  constructor(waitMs: number) {
    super('429');
    this.waitMs = waitMs;
  }
}

function waitOf(error: Error | undefined): number {
  return error instanceof Refused ? error.waitMs : 1_000;
}

async function chat(job: Job): Promise<string> {
  const { body, headers, statusCode } = await request(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer sim-key' },
    body: JSON.stringify(job.data),
  });
  const text = await body.text();
  if (statusCode === 429) throw new Refused(Number(headers['retry-after'] ?? 1) * 1_000);
  if (statusCode !== 200) throw new Error(`upstream: ${statusCode}`);
  return text;
}
