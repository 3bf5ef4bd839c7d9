import type { TextDelta } from '@sluice/contracts';
import { loadScript } from '@sluice/runtime';

import type { RecordsContext } from './context.ts';
import { sealerOfDeltas } from './seal-record.ts';
import { encodeEvent } from './timeline.ts';

const script = loadScript(import.meta.url, 'append-deltas');

/** A piece of an answer, and whose it is. */
export interface DeltaPiece {
  /** Whose job it is. */
  tenantId: string;
  /** Names the run that sends it: a random text without spaces. */
  run: string;
  /** Its place among the pieces of the run, from 1. */
  number: number;
  /** The attempt that the run makes, as the client sees it. */
  attempt: number;
  /** Nothing in the last piece of an answer that has been sent. */
  delta?: TextDelta | undefined;
  /** Only with the last piece: the whole answer, to begin again with if another run has begun meanwhile. */
  whole?: TextDelta | undefined;
}

/**
 * Appends a piece to the deltas of a live job. `false`: nothing was appended, and nothing that this run sends will be: the
 * job has ended, or another run has begun to answer. A piece that is sent twice is appended once.
 *
 * Deltas are events of their own, `delta` with `{attempt, delta}` and `restart` with `{attempt}`, in a list beside the
 * timeline, which only a job has that streams: any other job pays nothing for it, neither memory nor a command. A list, not a
 * stream, for the same reason as the timeline; its places are the numbers that a reader goes on from.
 */
export async function appendDelta(
  context: RecordsContext,
  jobId: string,
  { tenantId, run, number, attempt, delta, whole }: DeltaPiece,
): Promise<boolean> {
  const keys = context.keys.ofJob(jobId);
  if (!keys) return false;
  // Without seals nothing is awaited here, so that what ends the job stays behind.
  const seal = context.seals && (await sealerOfDeltas(context.seals, tenantId, jobId));
  if (context.seals && !seal) return false;
  const now = context.clock.now();
  const encode = (said: TextDelta | undefined) =>
    said ? encodeEvent('delta', now, { attempt, delta: seal ? seal(said) : said }) : '';
  const reply = await script(
    context.redis,
    [keys.job, keys.timeline, keys.deltas],
    [
      run,
      number,
      encode(delta),
      encodeEvent('restart', now, { attempt }),
      keys.channel,
      encode(whole),
    ],
  );
  return reply === 1;
}
