import { runPart } from '@sluice/runtime';
import type { Redis } from 'ioredis';

import type { Lanes } from './lanes.ts';

/** A ticket of a lane that has started, with the rank that it was placed at; without one it was there already. */
export interface Started {
  lane: string;
  jobId: string;
  rank: string | undefined;
}

/** What the script that begins a job does to its lane, for this package's tests. Nothing else imports it. */
export async function advanceLane(
  redis: Redis,
  lanes: Lanes,
  { lane, jobId, rank = '0' }: Started,
): Promise<void> {
  const { source, keys, args } = lanes.advance(lane, jobId);
  const started = `local function start(...) ${source} end start(ARGV[2])`;
  await runPart(redis, { source: started, keys, args: [...args, rank] });
}
