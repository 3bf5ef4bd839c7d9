import type { Attempt, WaitingOn } from './job.ts';
import type { LedgerEntry } from './ledger.ts';
import type { CostUsd, Usage } from './usage.ts';
import type { JobEnding, JobRequest, Move, Routing } from './record.ts';

/**
 * What one run of a ticket came to. The spine returns it; `apply-outcome.ts` alone turns it into record and queue moves.
 *
 * | kind     | record                 | ticket                                   | attempt counted |
 * |----------|------------------------|------------------------------------------|-----------------|
 * | ended    | terminal, by `ending`  | done                                     | if it has one   |
 * | nothing  | was terminal or gone   | done                                     | no              |
 * | wait     | queued, `waitingOn`    | lane: the lane pauses; tenant: delayed   | no              |
 * | retry    | queued, `waitingOn`    | delayed                                  | yes             |
 * | fallback | queued, next target    | done; a new one in the next target's lane | if it has one   |
 * | pause    | paused                 | delayed: looked at again now and then    | no              |
 * | give_back| queued                 | head of its lane: this worker goes away  | no              |
 * | held     | another run's          | delayed: looked at again soon            | no              |
 */
export type Outcome = OutcomeKind & {
  /** The call of this run, for the ledger; where the job ends with it, the ending has it. */
  entry?: LedgerEntry;
  /** The call that other jobs may wait for, where this run led it. */
  flight?: LedFlight;
};

/** A place in the cache, and for how long: see packages/cache. */
export interface KeepAs {
  scope: string;
  group: string;
  digest: string;
  askedAtMs: number;
  ttlMs: number;
  staleMs: number;
  names: readonly string[];
  maxEntries: number;
}

/** A question and what it is compared by: see packages/cache. */
export interface AskedAs {
  scope: string;
  frame: string;
  text: string;
  vector: Float32Array;
}

/** A call that equal jobs share: see flights.ts in packages/cache. */
export interface LedFlight {
  scope: string;
  digest: string;
  /** Public name of the model or app. */
  name: string;
  /** How long its call was allowed to take. */
  timeoutMs: number;
}

/** What the call came to of a job that was ended from outside while it ran. The cost is of all calls of the job. */
export interface CutCall {
  /** The run that made the call, where it is not the one that tells of it. */
  run?: string;
  attempt: Attempt;
  usage?: Usage;
  costUsd?: CostUsd;
}

type OutcomeKind =
  | {
      kind: 'ended';
      ending: JobEnding;
      /** Where to keep the result for equal requests. */
      keepAs?: KeepAs;
      /** The question that the result answers, for those who ask in other words. */
      askedAs?: AskedAs;
    }
  | { kind: 'nothing'; reason: string; cut?: CutCall }
  | {
      kind: 'wait';
      scope: 'lane' | 'tenant';
      waitMs: number;
      waitingOn: WaitingOn;
      attempt?: Attempt;
    }
  | { kind: 'retry'; delayMs: number; waitingOn: WaitingOn; attempt: Attempt }
  /** Without an attempt where the target could not even be called. */
  | {
      kind: 'fallback';
      targetIndex: number;
      /** The next target's. */
      lane: string;
      attempt?: Attempt;
      /** All that the job has left or passed by, this one included. */
      moves: Move[];
      /** Where it has changed. */
      routing?: Routing;
      /** The job's claim to a place in the next lane. */
      claim: Pick<JobRequest, 'priority' | 'tokens' | 'weight'>;
    }
  | {
      kind: 'pause';
      delayMs: number;
      /** It waits for something that it did not wait for before: the timeline tells it. */
      isNew: boolean;
    }
  | { kind: 'give_back' }
  | { kind: 'held'; delayMs: number };
