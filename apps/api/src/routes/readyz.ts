import type { Request, Response } from 'express';

import { SluiceError } from '@sluice/contracts';

import type { ApiDeps } from '../deps.ts';
import { replyJson } from '../http/reply.ts';
import { withDeadline } from '../http/with-deadline.ts';
import { fullAt, isFull } from '../watch/redis-watch.ts';

const writeDeadlineMs = 1_000;

/**
 * `GET /readyz`: whether work sent now would be accepted and done; 200 or 503 with the reasons. No key needed. It measures
 * progress, not a PING: Redis takes a write within a second, its memory is below 80 % of maxmemory, and no lane has had
 * tickets waiting, open and with room, for 30 s without one being taken.
 */
export function readyzRoute(deps: ApiDeps) {
  return async (_request: Request, response: Response): Promise<void> => {
    const problems = [...(await redisProblems(deps)), ...laneProblems(deps)];
    const status = problems.length === 0 ? 'ready' : 'not_ready';
    replyJson(response, status === 'ready' ? 200 : 503, JSON.stringify({ status, problems }));
  };
}

async function redisProblems({ redis, redisWatch, config, closing }: ApiDeps): Promise<string[]> {
  if (closing.aborted) return ['this process is shutting down'];
  try {
    // A TTL, because nobody else takes it away.
    const write = redis.set(`${config.root}:ready`, '1', 'PX', 60_000);
    await withDeadline(write, writeDeadlineMs, () => new SluiceError('unavailable', 'too late'));
  } catch {
    return [`Redis did not take a write within ${writeDeadlineMs / 1_000} s`];
  }
  if (!isFull(redisWatch.memory)) return [];
  return [`Redis uses more than ${fullAt * 100} % of its maxmemory`];
}

function laneProblems({ laneWatch }: ApiDeps): string[] {
  return laneWatch
    .stalled()
    .map((lane) => `lane ${lane} has tickets waiting, and no worker took one for 30 s`);
}
