import type { BatchInput } from './batch.ts';
import type { CacheChoice, CacheInfo, CacheMode } from './cache.ts';
import type { ErrorData } from './errors.ts';
import type { BatchEndpoint, FileBatchInput, FileBatchProgress } from './file-batch.ts';
import type { JobPhase } from './job-phase.ts';
import type { JobState } from './job-state.ts';
import type { JobType } from './job-type.ts';
import type { Attempt, EarlierTry, JobResult, JobWebhook, Priority, WaitingOn } from './job.ts';
import type { LedgerEntry, Saved } from './ledger.ts';
import type { ResponseFacts } from './response.ts';
import type { RunInput } from './run.ts';
import type { CostUsd, Usage } from './usage.ts';
import type { FormAnswer, UpstreamHandle } from './workflow.ts';

/** What the client asked for, after validation: the part of a record that never changes. Times are epoch ms. */
export interface JobRequest {
  jobId: string;
  tenantId: string;
  /** The API key that submitted it. */
  keyId?: string;
  type: JobType;
  /** Public name of the model or app; `batch` for batches. */
  model: string;
  input: RunInput | BatchInput | FileBatchInput;
  priority: Priority;
  lane: string;
  /** Roughly how many tokens its call takes, for its place in the lane; only where the lane counts tokens. */
  tokens?: number;
  /** The tenant's, at accept; absent is 1. */
  weight?: number;
  createdAtMs: number;
  /** Not before this time; only where that is later than `createdAtMs`. */
  runAtMs?: number;
  /** The job ends as `expired` if no attempt has started by then. */
  startByMs: number;
  /** It ends as `expired` if it has not ended by then, whatever it does: see `passedDeadline` of the worker. */
  deadlineMs: number;
  /** Whole time of one attempt. */
  attemptTimeoutMs: number;
  /** Deadlines of each call of it, where they are not the provider's: as in its configuration. */
  timeouts?: { firstByteMs?: number; idleMs?: number };
  /** `default` is what its model says. */
  cacheMode: CacheMode;
  cacheChoice?: CacheChoice;
  /** The result keeps what the upstream answered. */
  includeRaw?: true;
  /** The pieces of its answer are kept as events while it runs. */
  stream?: true;
  user?: string;
  sessionId?: string;
  metadata?: Record<string, string>;
  webhook?: JobWebhook;
  /** Set on a job that was made as a response of OpenAI's. */
  response?: ResponseFacts;
  /** Set on the children of a batch. */
  batch?: { batchId: string; index: number; customId?: string; endpoint?: BatchEndpoint };
  /** How its targets were chosen; absent: they are those of its model, in their order. */
  routing?: Routing;
  /** Where its targets begin, when the first could not serve it; absent is 0. */
  targetIndex?: number;
  /** Those that were passed by. */
  moves?: Move[];
}

/** What routing has decided for a job. Names are public names of models and apps. */
export interface Routing {
  /** Whose targets are asked; absent: the job's own model's, or not known until the classifier has answered. */
  model?: string;
  /** Of the router that chose: the name of the rule, `default`, or `classifier: <its answer>`. */
  rule?: string;
  /** Of the split that chose: where the outcome of the call counts. */
  arm?: { split: string; model: string };
  /** The router whose classifier is asked first, as the target with index 0. */
  classifier?: string;
  /** What the client allows in place of the configured fallbacks; `false` is nothing. */
  fallback?: false | string[];
}

/** A target that a job has left or passed by. */
export interface Move {
  provider: string;
  model: string;
  /** An error code, or in words why it was not asked. */
  reason: string;
  /** Attempts of the job up to then. */
  attempts: number;
}

/** The phase that a job is in, since when (epoch ms), and how many milliseconds it spent in phases that are over. */
export interface JobTimes {
  phase: JobPhase;
  sinceMs: number;
  spentMs: Partial<Record<JobPhase, number>>;
}

/** The job's truth: the request and everything that happened to it. */
export interface JobRecord extends JobRequest {
  state: JobState;
  times?: JobTimes;
  startedAtMs?: number;
  endedAtMs?: number;
  attempts: Attempt[];
  /** Index into the job's list of targets; grows with each fallback. */
  targetIndex: number;
  /** Runs that a dead worker left behind, since the last retry. */
  interruptions: number;
  /** Calls of it that are in the ledger. */
  calls: number;
  /** The run that has the job now, or had it last: see {@link HeldTicket}. */
  run?: string;
  /** How often it was tried again after it had ended; `attempts` and all else are those of the last try. */
  retries: number;
  earlierTries?: EarlierTry[];
  waitingOn?: WaitingOn;
  upstream?: UpstreamHandle;
  /** A person's answer that the run of a paused job goes on with. */
  answer?: FormAnswer;
  result?: JobResult;
  error?: ErrorData;
  usage?: Usage;
  costUsd?: CostUsd;
  /** What `costUsd` was reckoned with. */
  priceVersion?: string;
  /** What the vendor's prompt cache spared it, as in the {@link LedgerEntry}. */
  promptCacheSavedUsd?: string;
  /** What the cache spared it. */
  saved?: Saved;
  cache?: CacheInfo;
  /** Batches only. */
  progress?: { total: number; ended: number; failed: number };
  /** Batches of a file only. */
  fileBatch?: FileBatchProgress;
}

/** How a job ended: everything `finish-job.lua` stores at once. */
export type JobEnding = EndingState & {
  priceVersion?: string;
  saved?: Saved;
  /** The call that it ended with, for the ledger. */
  entry?: LedgerEntry;
};

type EndingState =
  | {
      state: 'completed';
      result: JobResult;
      usage?: Usage;
      costUsd: CostUsd;
      cache: CacheInfo;
      attempt?: Attempt;
    }
  | {
      state: 'failed' | 'cancelled' | 'expired';
      error: ErrorData;
      /** A failed workflow keeps what Dify said of it. */
      result?: JobResult;
      usage?: Usage;
      costUsd?: CostUsd;
      attempt?: Attempt;
    };
