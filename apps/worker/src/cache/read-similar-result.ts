import { askedBy, embedLocally, toUnit, type Asked as Question } from '@sluice/cache';
import type { JobRecord, Outcome } from '@sluice/contracts';

import type { Plan } from '../begin/plan-job.ts';
import { placingOf } from './find-cache-use.ts';
import { answeredBy, missed, type Asked } from './read-cached-result.ts';
import type { RunJobDeps } from '../run-job-deps.ts';

/**
 * For a job whose model says `semantic`: the reply to a question that means the same, with everything else equal to the letter.
 * A question that cannot be embedded now (its embedding model is at its limit, or fails) is asked as if nothing were similar.
 * `call` makes the call of a plan; an embedding costs what it costs, and is booked to the job.
 */
export async function readSimilarResult(
  plan: Plan,
  deps: RunJobDeps,
  call: (plan: Plan) => Promise<Outcome>,
): Promise<Asked> {
  const { cached, target, record } = plan;
  const mode = cached?.policy.mode;
  if (!cached || cached.policy.strategy !== 'semantic' || record.upstream) return { plan };
  if (mode === 'bypass') return { plan };
  const question = askedBy(placingOf(plan, cached.policy), target);
  const embedded = question && (await embed(plan, question, { deps, call }));
  if (!question || !embedded) return mode === 'only' ? { outcome: missed(plan) } : { plan };
  const asked = { ...question.group, text: question.text, vector: embedded.vector };
  const known = {
    ...plan,
    record: { ...record, calls: embedded.calls },
    cached: { ...cached, asked },
  };
  const found = mode === 'refresh' ? undefined : await findSimilar(known, deps);
  if (found) return { outcome: found };
  return mode === 'only' ? { outcome: missed(known) } : { plan: known };
}

/** The nearest question whose reply is still there. */
async function findSimilar(plan: Plan, deps: RunJobDeps): Promise<Outcome | undefined> {
  const { cached } = plan;
  if (!cached?.asked) return undefined;
  const { asked, policy, place } = cached;
  for (const { digest, similarity } of await deps.near.find(
    asked,
    asked,
    policy.semantic.threshold,
  )) {
    // The nearest is nearly always there: the next is looked for only where it is not.
    // oxlint-disable-next-line no-await-in-loop
    const { found } = await deps.cache.find({ ...place, digest });
    if (!found?.isFresh || found.ageMs > policy.maxAgeMs) continue;
    deps.metrics.cacheReads.inc({ outcome: 'similar' });
    const info = {
      status: 'hit',
      age_seconds: Math.round(found.ageMs / 1_000),
      strategy: 'semantic',
      similarity: Math.round(similarity * 10_000) / 10_000,
    } as const;
    return answeredBy(plan, { entry: found.entry, info }, deps);
  }
  return undefined;
}

interface Means {
  deps: RunJobDeps;
  call: (plan: Plan) => Promise<Outcome>;
}

/** The question's vector, and how many calls of the job are booked then. */
async function embed(
  plan: Plan,
  { text, embeddingModel }: Question,
  { deps, call }: Means,
): Promise<{ vector: Float32Array; calls: number } | undefined> {
  const { record } = plan;
  if (embeddingModel === undefined) return { vector: embedLocally(text), calls: record.calls };
  const asking = asEmbedding(plan, { text, embeddingModel }, deps);
  const outcome = asking && (await call(asking));
  if (outcome?.kind !== 'ended') return undefined;
  const { ending } = outcome;
  if (ending.entry) await deps.records.bookCall(record.jobId, ending.entry);
  const result = ending.state === 'completed' ? ending.result : undefined;
  const numbers = result?.type === 'embedding' ? result.data[0]?.embedding : undefined;
  if (!Array.isArray(numbers)) return undefined;
  const calls = ending.entry?.call ?? record.calls;
  return { vector: toUnit(Float32Array.from(numbers)), calls };
}

/** The job as one that embeds its question, tried once at the first target of that model. */
function asEmbedding(
  plan: Plan,
  { text, embeddingModel }: { text: string; embeddingModel: string },
  { config, laneBook }: RunJobDeps,
): Plan | undefined {
  const route = config.routes.embedding[embeddingModel];
  const target = route?.targets[0];
  const lane = target && laneBook.lane(target.lane);
  if (!route || !lane) return undefined;
  const { cached: _cached, ...rest } = plan;
  const { stream: _stream, sessionId: _session, ...record } = plan.record;
  const asked: JobRecord = {
    ...record,
    type: 'embedding',
    model: embeddingModel,
    input: { input: text },
  };
  const once = { ...target, retry: { ...target.retry, maxAttempts: 1 } };
  const rules = { allowDearer: false, contextWindow: false, contentFilter: false };
  const itinerary = { route, steps: [{ target: once, group: 'any' }], first: 0, rules } as const;
  return { ...rest, record: { ...asked, targetIndex: 0 }, route, target: once, lane, itinerary };
}
