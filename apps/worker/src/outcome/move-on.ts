import type { Attempt, Move, Outcome, RunInput, SluiceError } from '@sluice/contracts';
import { lackOf, nextStep, reasonToLeave, type PassedBy, type Reason } from '@sluice/routing';

import { claimOf } from '../begin/claim-of.ts';
import type { Plan } from '../begin/plan-job.ts';

interface Leaving {
  reason: Reason;
  /** Shown with the job: an error code, or what it waited for. */
  why: string;
  /** The call that made it leave, if there was one. */
  attempt?: Attempt;
}

/** What becomes of a job that leaves its target: the turn of the next one, or what kept it from any. */
export function moveOn(
  { record, itinerary, target }: Plan,
  { reason, why, attempt }: Leaving,
):
  | { outcome: Extract<Outcome, { kind: 'fallback' }> }
  | { outcome: undefined; passedBy: PassedBy[] } {
  const { index, passedBy } = nextStep(itinerary, record.targetIndex, reason, (step) =>
    // Only jobs with one call have targets.
    lackOf(record.input as RunInput, step),
  );
  const next = index === undefined ? undefined : itinerary.steps[index];
  if (index === undefined || !next) return { outcome: undefined, passedBy };
  const attempts = record.attempts.length + (attempt ? 1 : 0);
  const left = [{ target, reason: why }, ...passedBy].map((each): Move => ({
    provider: each.target.provider.name,
    model: each.target.model,
    reason: each.reason,
    attempts,
  }));
  return {
    outcome: {
      kind: 'fallback',
      targetIndex: index,
      lane: next.target.lane,
      moves: [...(record.moves ?? []), ...left],
      ...(attempt && { attempt }),
      claim: claimOf(record),
    },
  };
}

/** What becomes of a job whose target has failed for good: the next target's turn if that may help, else the job's end. */
export function passOn(plan: Plan, error: SluiceError, attempt?: Attempt): Outcome {
  const reason = reasonToLeave(error);
  const leaving = { why: error.code, ...(attempt && { attempt }) };
  const moved = reason && moveOn(plan, { ...leaving, reason });
  if (moved?.outcome) return moved.outcome;
  const failure = { ...error.toJSON(), message: explain(error, moved?.passedBy ?? []) };
  return {
    kind: 'ended',
    ending: { state: 'failed', error: failure, ...(attempt && { attempt }) },
  };
}

function explain({ message }: SluiceError, passedBy: readonly PassedBy[]): string {
  if (passedBy.length === 0) return message;
  const names = passedBy.map(({ target, reason }) => {
    return `${target.provider.name}/${target.model} (${reason})`;
  });
  return `${message}; not asked: ${names.join(', ')}`;
}
