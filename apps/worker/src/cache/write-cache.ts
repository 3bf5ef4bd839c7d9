import { keepAsOf, type Bought, type CacheEntry, type Kept } from '@sluice/cache';
import { answersOf } from '@sluice/contracts';
import type { AskedAs, JobEnding, KeepAs, RunResult } from '@sluice/contracts';

import type { Plan } from '../begin/plan-job.ts';
import { placingOf } from './find-cache-use.ts';
import type { RunJobDeps } from '../run-job-deps.ts';

type Completed = Extract<JobEnding, { state: 'completed' }>;

/**
 * Where a reply is kept for equal requests: under the target that gave it.
 *
 * | reply                                               | kept                                                 |
 * |-----------------------------------------------------|------------------------------------------------------|
 * | of a job that bypasses the cache                    | no                                                   |
 * | cut off by a limit of tokens                        | no, unless the model's configuration says `truncated` |
 * | filtered, or of a run that succeeded in parts       | no                                                   |
 * | of more than 1 MiB                                  | no                                                   |
 * | invalidated while its call was under way            | no                                                   |
 * | any other complete one                              | yes                                                  |
 */
export function keepAs(plan: Plan, result: RunResult): KeepAs | undefined {
  const { cached } = plan;
  if (cached?.askedAtMs === undefined || !isWhole(result, cached.policy.truncated))
    return undefined;
  return keepAsOf(placingOf(plan, cached.policy), cached.place, cached.askedAtMs);
}

function isWhole(result: RunResult, mayBeCut: boolean): boolean {
  if (result.type === 'chat') {
    return answersOf(result).every(({ finish_reason: { unified } }) => {
      return unified === 'stop' || unified === 'tool_calls' || (mayBeCut && unified === 'length');
    });
  }
  return result.type !== 'workflow' || result.status === 'succeeded';
}

/** What is kept, and the question that it answers where others may ask it in other words. */
export type Keeping = KeepAs & { asked?: AskedAs | undefined };

/** How a reply goes into the cache: by itself, or with the flight that lands. */
type Keep = (bought: Bought) => Promise<Kept | undefined>;

/** Keeps a reply. Never in the way: one that is not kept is only bought again. `keep` is the cache's own by default. */
export async function writeCache(
  { asked, ...as }: Keeping,
  ending: JobEnding,
  deps: Pick<RunJobDeps, 'cache' | 'log'> & Partial<Pick<RunJobDeps, 'near'>>,
  keep: Keep = (bought) => deps.cache.keep(bought.as, bought.entry),
): Promise<void> {
  if (ending.state !== 'completed' || ending.result.type === 'batch') return;
  try {
    const kept = await keep({ as, entry: entryOf(ending, ending.result) });
    if (kept !== 'kept' || !asked) return;
    await deps.near?.add(asked, { ...asked, digest: as.digest }, as.ttlMs + as.staleMs);
  } catch (error) {
    deps.log.warn({ err: error }, 'a result was not cached');
  }
}

/** A reply as it was bought. */
export function entryOf(ending: Completed, result: RunResult): CacheEntry {
  const { attempt, entry, usage, costUsd, saved } = ending;
  return {
    result,
    ...(usage && { usage }),
    costUsd: saved?.usd ?? entry?.costUsd ?? costUsd,
    provider: attempt?.provider ?? entry?.provider ?? '',
    model: attempt?.model ?? entry?.model ?? '',
  };
}
