import type { Config } from '@sluice/config';
import {
  jobPhases,
  type JobRecord,
  type JobRequest,
  type JobTimes,
  type JobView,
} from '@sluice/contracts';
import { roundCost } from '@sluice/metering';

/** Everything of a record that a view shows; lists leave the result out. */
export type ShownJob = Omit<JobRecord, 'input' | 'result'> & Pick<JobRecord, 'result'>;

/**
 * What a client sees of its job. A webhook's secret is never shown again. `nowMs` (epoch milliseconds) also says what the time
 * of a live one was spent on until then.
 */
export function jobView(
  job: ShownJob,
  jobs: Pick<Config['jobs'], 'retentionMs'>,
  nowMs?: number,
): JobView {
  const provider = job.attempts.at(-1)?.provider;
  return {
    id: job.jobId,
    object: 'job',
    type: job.type,
    state: job.state,
    ...named(job),
    ...(provider !== undefined && { provider }),
    ...routed(job),
    priority: job.priority,
    ...(job.batch && { batch_id: job.batch.batchId }),
    ...(job.user !== undefined && { user: job.user }),
    ...(job.sessionId !== undefined && { session_id: job.sessionId }),
    ...(job.metadata && { metadata: job.metadata }),
    ...(job.webhook && { webhook: { url: job.webhook.url } }),
    created_at: iso(job.createdAtMs),
    ...(job.runAtMs !== undefined && { run_at: iso(job.runAtMs) }),
    deadline_at: iso(job.deadlineMs),
    ...(job.startedAtMs !== undefined && { started_at: iso(job.startedAtMs) }),
    ...ended(job, jobs.retentionMs),
    ...timing(job.times, nowMs),
    ...(job.waitingOn && { waiting_on: job.waitingOn }),
    ...(job.state === 'paused' && { pause: { forms: job.upstream?.forms ?? [] } }),
    attempts: job.attempts,
    ...(job.earlierTries && { earlier_tries: job.earlierTries }),
    ...(job.cache && { cache: job.cache }),
    ...(job.result && { result: job.result }),
    ...(job.error && { error: job.error }),
    ...metered(job),
    ...(job.progress && { progress: job.progress }),
  };
}

type MeteredView = Pick<
  JobView,
  'usage' | 'cost_usd' | 'price_version' | 'prompt_cache_saved_usd' | 'saved_usd' | 'saved_tokens'
>;

function metered(job: ShownJob): MeteredView {
  return {
    ...(job.usage && { usage: job.usage }),
    ...(job.costUsd !== undefined && { cost_usd: job.costUsd }),
    ...(job.priceVersion !== undefined && { price_version: job.priceVersion }),
    ...(job.promptCacheSavedUsd !== undefined && {
      prompt_cache_saved_usd: roundCost(job.promptCacheSavedUsd),
    }),
    ...(job.saved && { saved_usd: roundCost(job.saved.usd), saved_tokens: job.saved.tokens }),
  };
}

/** The view of a job that was accepted this moment: its record is known without reading it. */
export function queuedView(request: JobRequest): JobView {
  const { input } = request;
  const total = 'requests' in input ? input.requests.length : undefined;
  return jobView(
    {
      ...request,
      state: 'queued',
      attempts: [],
      targetIndex: request.targetIndex ?? 0,
      interruptions: 0,
      calls: 0,
      retries: 0,
      ...(total !== undefined && { progress: { total, ended: 0, failed: 0 } }),
    },
    { retentionMs: 0 },
  );
}

function named(job: ShownJob): Pick<JobView, 'model' | 'app'> {
  if (job.type === 'batch') return {};
  return job.type === 'workflow' ? { app: job.model } : { model: job.model };
}

/** Where the job went, and why there. */
function routed({ state, attempts, routing, moves = [] }: ShownJob): RoutedView {
  const last = attempts.at(-1);
  const gaveResult = state === 'completed' && last?.outcome === 'succeeded' && !last.purpose;
  const { model, rule, arm } = routing ?? {};
  return {
    ...(gaveResult && { model_used: `${last.provider}/${last.model}` }),
    ...((rule !== undefined || arm) && {
      routing: {
        ...(model !== undefined && { model }),
        ...(rule !== undefined && { rule }),
        ...(arm && { arm: arm.model }),
      },
    }),
    ...(moves.length > 0 && {
      tried: moves.map((move) => ({
        provider: move.provider,
        model: move.model,
        reason: move.reason,
      })),
    }),
  };
}

type RoutedView = Pick<JobView, 'model_used' | 'routing' | 'tried'>;

function ended(
  { createdAtMs, endedAtMs }: ShownJob,
  retentionMs: number,
): Pick<JobView, 'ended_at' | 'expires_at' | 'latency_ms'> {
  if (endedAtMs === undefined) return {};
  return {
    ended_at: iso(endedAtMs),
    expires_at: iso(endedAtMs + retentionMs),
    latency_ms: endedAtMs - createdAtMs,
  };
}

function timing(times: JobTimes | undefined, nowMs: number | undefined): Pick<JobView, 'timing'> {
  if (!times || (times.phase !== 'ended' && nowMs === undefined)) return {};
  const { phase, sinceMs, spentMs } = times;
  const shown: NonNullable<JobView['timing']> = {};
  for (const each of jobPhases) {
    const openMs =
      each === phase && phase !== 'ended' && nowMs !== undefined ? Math.max(0, nowMs - sinceMs) : 0;
    const ms = (spentMs[each] ?? 0) + openMs;
    if (ms > 0) shown[`${each}_ms`] = ms;
  }
  return { timing: shown };
}

function iso(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
