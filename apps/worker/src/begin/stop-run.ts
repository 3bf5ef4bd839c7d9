import type { RouteTarget } from '@sluice/config';
import type {
  CostUsd,
  CutCall,
  HeldTicket,
  LedgerEntry,
  Outcome,
  UpstreamHandle,
} from '@sluice/contracts';
import { exactCostOf, roundCost } from '@sluice/metering';
import type { Spent } from '@sluice/providers';
import type { BeginReply, JobSummary } from '@sluice/records';
import { itineraryOf } from '@sluice/routing';

import { callTypeOf } from './call-type.ts';
import { bookCall } from '../meter/book-call.ts';
import { wholeCost } from '../meter/whole-cost.ts';
import type { Plan } from './plan-job.ts';
import type { RunJobDeps } from '../run-job-deps.ts';

type StopDeps = Pick<
  RunJobDeps,
  'adapterFor' | 'clock' | 'config' | 'records' | 'runs' | 'workerLife'
>;

/** When the ticket of a job whose call may yet be booked looks again, and how long a worker that lives takes for that at most. */
const lookAgainMs = 1_000;
const bookedWithinMs = 30_000;

/** Whose run is stopped, and where it runs. */
interface Abandoned {
  record: Omit<JobSummary, 'state'>;
  route: { name: string };
  target: RouteTarget;
  handle: UpstreamHandle;
}

/**
 * Stops what a job left running upstream that was cancelled or expired while no worker followed it, and books what it had
 * taken. Once: an attempt that ended after the run was started tells that it is booked.
 */
export async function stopAbandoned(
  ticket: HeldTicket,
  { state, targetIndex, upstream: handle }: Extract<BeginReply, { kind: 'ended' }>,
  deps: StopDeps,
): Promise<Outcome> {
  const nothing = { kind: 'nothing', reason: 'ended' } as const;
  if (state !== 'cancelled' && state !== 'expired') return nothing;
  const job = await deps.records.readSummary(ticket.jobId);
  if (!job || job.type === 'batch') return nothing;
  const { route, steps } = itineraryOf(deps.config, { ...job, type: callTypeOf(job.type) });
  const target = steps[targetIndex]?.target;
  if (!target) return nothing;
  if (!handle) return await bookLostCut({ record: job, route, target }, deps);
  const isBooked = job.attempts.some(({ ended_at_ms: endedAtMs }) => endedAtMs > handle.sent_at_ms);
  const stopped = await stop({ record: job, route, target, handle }, deps);
  if (isBooked || !stopped) return nothing;
  const { entry, ...cut } = stopped;
  return { ...nothing, entry, cut: { ...cut, ...(job.run !== undefined && { run: job.run }) } };
}

/**
 * A run whose job was ended from outside cuts its call and books it. One whose worker died before it had done so may have
 * cost something: the ledger gets an entry that says no more. While that worker may live, the ticket comes back.
 */
async function bookLostCut(
  { record, route, target }: Omit<Abandoned, 'handle'>,
  { clock, runs, workerLife }: StopDeps,
): Promise<Outcome> {
  const nothing = { kind: 'nothing', reason: 'ended' } as const;
  const { run = '', attempts, endedAtMs = 0 } = record;
  const [workerId = '', beganAt] = run.split('.');
  const startedAtMs = Number(beganAt);
  const isBooked = attempts.some(({ ended_at_ms: endedMs }) => endedMs >= startedAtMs);
  if (!beganAt || isBooked || runs.has(run)) return nothing;
  if (await workerLife.isAlive(workerId)) {
    const isOver = clock.now() > endedAtMs + bookedWithinMs;
    return isOver ? nothing : { kind: 'held', delayMs: lookAgainMs };
  }
  const lost = { startedAtMs, endedAtMs: clock.now(), outcome: 'interrupted' } as const;
  return {
    ...nothing,
    entry: bookCall({ record, route, target }, { ...lost, costUsd: 'unknown' }),
  };
}

/** The refusal of a job, once what an earlier run of it has started upstream was told to stop, with what that had taken. */
export async function stopRefused(
  { record, route, target }: Plan,
  refusal: Outcome,
  deps: StopDeps,
): Promise<Outcome> {
  const { upstream: handle } = record;
  if (!handle) return refusal;
  const stopped = await stop({ record, route, target, handle }, deps);
  if (refusal.kind !== 'ended' || !stopped) return refusal;
  return { ...refusal, ending: { ...refusal.ending, ...stopped } };
}

/** What a stopped run comes to; `undefined` where it is not known to have begun. */
async function stop(
  { record, route, target, handle }: Abandoned,
  { adapterFor, clock }: StopDeps,
): Promise<(CutCall & { entry: LedgerEntry }) | undefined> {
  const { jobId } = record;
  const spent = await adapterFor(target.provider.kind).stop?.({ target, jobId, handle });
  if (!spent || (handle.task_id === undefined && handle.run_id === undefined)) return undefined;
  const { usage } = spent;
  const times = { startedAtMs: handle.sent_at_ms, endedAtMs: clock.now() };
  const costUsd = costOf(spent, target);
  const told = { usage, costUsd, outcome: 'cut', errorCode: 'cancelled' } as const;
  const entry = bookCall({ record, route, target }, { ...times, ...told });
  const attempt = {
    number: record.attempts.length + 1,
    provider: target.provider.name,
    model: target.model,
    started_at_ms: times.startedAtMs,
    ended_at_ms: times.endedAtMs,
    outcome: 'cancelled',
    ...(usage && { usage }),
    cost_usd: roundCost(costUsd),
  } as const;
  const whole = wholeCost(record, costUsd);
  return { attempt, ...(usage && { usage }), costUsd: whole, entry };
}

/** Dify's own price, else what the tokens cost by the app's. */
function costOf({ costUsd, usage }: Spent, { price }: RouteTarget): CostUsd {
  return costUsd ?? exactCostOf(usage, price);
}
