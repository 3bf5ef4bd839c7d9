import type { HeldTicket, Outcome } from '@sluice/contracts';

import { askLeave, freeBudget } from './permit/ask-leave.ts';
import { bookFailure } from './meter/book-failure.ts';
import { beginRun } from './begin/begin-run.ts';
import { callUpstream } from './call/call-upstream.ts';
import { chooseKey } from './call/choose-key.ts';
import { classifierOf, classifyJob } from './begin/classify-job.ts';
import { completeJob } from './outcome/complete-job.ts';
import { countCut } from './call/count-cut.ts';
import { judgeFailure } from './outcome/judge-failure.ts';
import { keepTurn, withHistory } from './call/chat-history.ts';
import { joinFlight, leadFlight } from './cache/join-flight.ts';
import { keepConversation } from './call/keep-conversation.ts';
import { loadAudio } from './call/load-audio.ts';
import { noteArm } from './outcome/note-arm.ts';
import { pauseJob } from './outcome/pause-job.ts';
import { planJob, type Plan } from './begin/plan-job.ts';
import { readCachedResult } from './cache/read-cached-result.ts';
import { readSimilarResult } from './cache/read-similar-result.ts';
import { refuseJob } from './begin/refuse-job.ts';
import { refusePrompt } from './begin/refuse-prompt.ts';
import type { RunJobDeps } from './run-job-deps.ts';
import { settlePermit } from './permit/settle-permit.ts';
import { stopAbandoned, stopRefused } from './begin/stop-run.ts';
import { staleIfFailed } from './cache/stale-if-failed.ts';
import { waitForOwnRuns } from './begin/wait-for-own-runs.ts';

/**
 * The way of a job through a worker: begin → cache → flight → fit → key → audio → permit → adapter → settle → outcome. It never sleeps for a limit and
 * never retries: it says what became of the run, and `apply-outcome.ts` moves record and ticket. What it may leave behind
 * when the process dies at any line: a record in progress (the next run of the ticket takes over), a slot (its lease ends),
 * and a Dify run (its handle is in the record, so the next run attaches to it).
 */
export async function runJob(
  ticket: HeldTicket,
  deps: RunJobDeps,
  signal: AbortSignal,
): Promise<Outcome> {
  const begun = await beginRun(ticket, deps);
  if (begun.kind === 'held') return begun.outcome;
  if (begun.kind === 'ended') return await stopAbandoned(ticket, begun, deps);
  if (begun.kind === 'full') return await waitForOwnRuns(ticket.jobId, begun.waitMs, deps);
  if (begun.kind !== 'run') return { kind: 'nothing', reason: begun.kind };
  const plan = planJob(begun.record, deps);
  if (plan.kind === 'impossible') return plan.outcome;
  const refusal = refuseJob(plan.record, deps.clock.now());
  if (refusal) return await stopRefused(plan, refusal, deps);
  const suspended = deps.suspects.admit(plan.record);
  if (suspended) return suspended;
  const classifier = classifierOf(plan, deps);
  if (!classifier) {
    const outcome = await buyResult(await withHistory(plan, deps), deps, signal);
    return await keepTurn(plan, outcome, deps);
  }
  return await classifyJob(plan, classifier, deps, (asked) => buyResult(asked, deps, signal));
}

/** From the cache to the settled call: what one target makes of the job. */
async function buyResult(plan: Plan, deps: RunJobDeps, signal: AbortSignal): Promise<Outcome> {
  const seen = await readCachedResult(plan, deps);
  if (seen.outcome) return seen.outcome;
  const likened = await readSimilarResult(seen.plan, deps, (asked) =>
    callTarget(asked, deps, signal),
  );
  if (likened.outcome) return likened.outcome;
  const joined = await joinFlight(likened.plan, deps);
  if (joined.outcome) return joined.outcome;
  return await leadFlight(joined.plan, deps, async () => {
    const outcome = await callTarget(joined.plan, deps, signal);
    return await staleIfFailed(joined.plan, outcome, deps);
  });
}

/** From the prompt that fits to the settled call. */
async function callTarget(plan: Plan, deps: RunJobDeps, signal: AbortSignal): Promise<Outcome> {
  const tooLong = await refusePrompt(plan);
  if (tooLong) return tooLong;

  const keyed = await chooseKey(plan, deps);
  if (keyed.kind === 'impossible') return keyed.outcome;

  const loaded = await loadAudio(keyed, deps, signal);
  if (loaded.kind === 'failed') return await judgeFailure(keyed, loaded.call, deps);

  const leave = await askLeave(plan, deps, signal);
  if (leave.kind === 'denied') return leave.outcome;

  const call = await callUpstream(loaded, leave.permit, deps, signal);
  // Sent, not awaited: the result follows on the same connection, so that no crash comes between buying and storing it.
  const settling = settlePermit(plan, leave.permit, call, deps);
  noteArm(plan, call, deps);
  if (!call.ok) {
    const counted = await countCut(keyed, call);
    const judged = await judgeFailure(keyed, counted, deps, await settling);
    return await freeBudget(keyed, bookFailure(keyed, counted, judged), deps);
  }
  if (call.pause) return pauseJob(plan.record, call.pause.forms, deps.clock.now());
  keepConversation(plan, call.result, deps);
  return completeJob(plan, call);
}
