import { answerAlone, cacheMiss, mayBeCached, policyFor, type AloneAnswer } from '@sluice/cache';
import type { Config, Route, RouteTarget } from '@sluice/config';
import { SluiceError, type JobEnding, type JobRequest } from '@sluice/contracts';
import { cachedEnding, spentError } from '@sluice/metering';
import { itineraryOf } from '@sluice/routing';
import { eventIdOf } from '@sluice/webhooks';

import { callTypeOf } from '../begin/call-type.ts';
import { chatSessionOf } from '../call/chat-history.ts';
import { AnswerStream } from '../call/answer-stream.ts';
import type { RunJobDeps } from '../run-job-deps.ts';

/** What answering a job takes that has no ticket in its lane. */
export type AnswerUnplacedDeps = Pick<
  RunJobDeps,
  'budgets' | 'cache' | 'clock' | 'config' | 'laneBook' | 'limits' | 'log' | 'metrics' | 'records'
>;

/**
 * The end of a job that needs no turn: a request of a batch, or a job whose time has come. As for a job that comes in through
 * the API, a hit then waits in no lane, and a closed one or a provider that is down does not keep it up:
 *
 * | the job                                                                    | its end           |
 * |----------------------------------------------------------------------------|-------------------|
 * | has its reply in the cache                                                 | completed         |
 * | asks for a reply of the cache only, and there is none                      | `cache_miss`      |
 * | is of a payer who has spent all of a budget, as far as this process knows  | `budget_exceeded` |
 * | may be answered by the cache in its turn: in a session, or in other words  | its turn says     |
 * | any other                                                                  | its turn says     |
 *
 * The cache is asked nothing for models that do not cache.
 */
export async function answerUnplaced(
  job: JobRequest,
  deps: AnswerUnplacedDeps,
): Promise<JobEnding | undefined> {
  if (chatSessionOf({ record: job })) return undefined;
  const asked = await askAlone(job, deps);
  switch (asked.kind) {
    case 'answer': {
      deps.metrics.cacheReads.inc({ outcome: 'hit' });
      const { entry, info } = asked.reply;
      const own = { ...job, calls: 0, attempts: [] };
      const from = { nowMs: deps.clock.now(), cache: info };
      return cachedEnding(own, { name: asked.name, reply: entry }, from);
    }
    case 'missed':
      return { state: 'failed', error: cacheMiss(job.model).toJSON() };
    case 'later':
      return undefined;
    case 'call': {
      const spent = deps.budgets.exhausted(job);
      return spent && { state: 'failed', error: spentError(spent).toJSON() };
    }
  }
}

/** What the cache alone makes of a job, and the name of the model that it is for. */
async function askAlone(
  job: JobRequest,
  deps: AnswerUnplacedDeps,
): Promise<AloneAnswer & { name: string }> {
  const { config, cache } = deps;
  const name = job.routing?.model ?? job.model;
  if (!mayBeCached(job, config)) return { kind: 'call', name };
  const way = wayOf(job, config);
  const policy = way && policyFor(way.route, job);
  if (!policy) return { kind: 'later', name };
  const { route, target } = way;
  const placing = { policy, route, job: { ...job, type: callTypeOf(job.type) } };
  const answer = await answerAlone(cache, placing, target, () => isDown(target, deps));
  return { ...answer, name: route.name };
}

/** Ends a job that {@link answerUnplaced} has decided; nothing for one that was begun or has ended meanwhile. */
export async function endUnplaced(
  job: JobRequest,
  ending: JobEnding,
  deps: Pick<AnswerUnplacedDeps, 'clock' | 'log' | 'metrics' | 'records'>,
): Promise<void> {
  const { result } = ending;
  if (result && result.type !== 'batch') {
    new AnswerStream({ ...job, attempts: [] }, deps).finish(result);
  }
  const eventId = eventIdOf(job.jobId);
  const finished = await deps.records.finish(job.jobId, ending, eventId, { onlyFrom: ['queued'] });
  if (finished.kind === 'finished') {
    deps.metrics.jobs.inc({ type: job.type, state: ending.state });
  }
}

/** `undefined` for a job that waits for its classifier, or whose model has left the configuration: a run tells of that. */
function wayOf(job: JobRequest, config: Config): { route: Route; target: RouteTarget } | undefined {
  const { type, model, routing, targetIndex } = job;
  try {
    const asked = { type: callTypeOf(type), model, routing };
    const { route, steps, first } = itineraryOf(config, asked);
    const step = steps[targetIndex ?? first];
    return step && step.group !== 'classifier' ? { route, target: step.target } : undefined;
  } catch (error) {
    if (error instanceof SluiceError) return undefined;
    throw error;
  }
}

async function isDown(
  target: { lane: string; model: string },
  { laneBook, limits }: Pick<RunJobDeps, 'laneBook' | 'limits'>,
): Promise<boolean> {
  const lane = laneBook.lane(target.lane);
  if (!lane) return false;
  const { closed, brokenTargets } = await limits.status({ ...lane, buckets: [] });
  return closed !== undefined || brokenTargets.some((broken) => broken.target === target.model);
}
