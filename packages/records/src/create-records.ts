import type {
  FormAnswer,
  JobEnding,
  JobRecord,
  JobRequest,
  JobState,
  LedgerEntry,
  TenantCaps,
  TenantLoad,
  TimelineEvent,
  UpstreamHandle,
  WaitingOn,
} from '@sluice/contracts';
import { maxShards, type Clock, type LuaPart, type Seals } from '@sluice/runtime';
import type { Redis } from 'ioredis';

import { acceptChildren, acceptJob, type AcceptReply } from './accept-job.ts';
import {
  beginJob,
  dropRun,
  holdOf,
  type BeginOptions,
  type BeginReply,
  type Hold,
} from './begin-job.ts';
import {
  createChangeListeners,
  type ChangeListener,
  type StopListening,
} from './change-listener.ts';
import type { RecordsConfig, RecordsContext } from './context.ts';
import { appendDelta, type DeltaPiece } from './deltas.ts';
import { eraseJob } from './erase-job.ts';
import { fileBatchActs, type FileBatchRecords } from './file-batch-acts.ts';
import { finishJob, type FinishOptions, type FinishReply } from './finish-job.ts';
import type { Idempotency } from './idempotency.ts';
import { jobIdMaker, type NewJobId } from './job-id-maker.ts';
import { createKeys } from './keys.ts';
import { bookCall, readLedger, trimLedger, type CutRun, type LedgerMessage } from './ledger.ts';
import { listJobs, type JobFilter, type JobPage } from './list-jobs.ts';
import { countLive, dueJobs, postponeCheck, trimIndexes, type DueJob } from './live-jobs.ts';
import { onFinished, type FinishListener } from './on-finished.ts';
import {
  ackOutbox,
  claimOutbox,
  readOutbox,
  type OutboxMessage,
  type ReadOutboxOptions,
} from './outbox.ts';
import { readEvents, type EventPage, type EventPosition } from './read-events.ts';
import {
  readJob,
  readMany,
  readSummaries,
  readWithoutInput,
  type JobWithoutInput,
} from './read-job.ts';
import type { JobSummary } from './record-codec.ts';
import { noteWait } from './note-wait.ts';
import { pauseJob, resumeJob } from './pause-job.ts';
import { releaseJob } from './release-job.ts';
import { requeueJob, type RequeueOptions } from './requeue-job.ts';
import { jobOfUpstream, storeUpstream } from './store-upstream.ts';
import { retryJob, type RetryReply } from './retry-job.ts';
import { leftCallRecords, type LeftCallRecords } from './left-calls.ts';
import { sessionRecords, type SessionRecords } from './session-records.ts';
import { addSubscriber, removeSubscriber } from './subscribers.ts';
import { readCaps, readLoads, setCaps, type CapChanges } from './tenant-loads.ts';
import { appendEvent, readTimeline, type TimelineOptions } from './timeline.ts';

export interface RecordsDeps {
  redis: Redis;
  /** Root of all keys. */
  root: string;
  /** How many hash slots jobs are spread over, 1 to 1,024. */
  shards: number;
  config: RecordsConfig;
  clock: Clock;
  /** Encryption at rest; without it records are stored in clear. */
  seals?: Seals | undefined;
  /** A connection for subscriptions only; needed by `onFinished` and `onChange`. */
  subscriber?: Redis;
  /** A connection that may block; needed by `readOutbox` with `blockMs` above 0. One reader at a time. */
  blocking?: Redis;
}

/**
 * The records of jobs: everything that is true of a job is here, and every change of it is one Lua script.
 * Each method that takes a job id treats a text that is no job id as a job that is not there; accept refuses it.
 * Errors are those of Redis; a TypeError tells a mistake of the caller.
 */
export interface Records extends FileBatchRecords, SessionRecords, LeftCallRecords {
  /** A new job id. The shard is chosen in turn, or by the Idempotency-Key, so that equal keys meet in one shard. */
  newJobId: NewJobId;
  /** Creates the record and its ticket, once for its id and once for its Idempotency-Key. One round trip. */
  accept(request: JobRequest, idempotency?: Idempotency, ticket?: LuaPart): Promise<AcceptReply>;
  /** Creates the records of a batch's children that are missing, and the tickets of those that need one; says how many those were. */
  acceptChildren(
    requests: readonly JobRequest[],
    ticketOf?: (child: JobRequest) => LuaPart | undefined,
  ): Promise<number>;
  /** A worker took the ticket: the job is `in_progress`, and its record comes back. */
  begin(jobId: string, options?: BeginOptions): Promise<BeginReply>;
  /** Whether the run still has its job. */
  holdOf(jobId: string, run: string): Promise<Hold>;
  /** Gives up the run, so that any other may take over at once. */
  drop(jobId: string, run: string): Promise<void>;
  /** An ended job that did not complete is queued once more, with its ticket. */
  retry(job: JobSummary, start: { ticket: LuaPart; lane: string }): Promise<RetryReply>;
  /** The time of a delayed job has come: its ticket is placed; `false` if it has one or is over. */
  release(jobId: string, ticket: LuaPart): Promise<boolean>;
  /** The job goes back to `queued`; `false` if it is over and its ticket has nothing left to do. */
  requeue(jobId: string, options: RequeueOptions): Promise<boolean>;
  /** A queued job could not begin, and why; `false` if it is not queued. */
  noteWait(jobId: string, waitingOn: WaitingOn): Promise<boolean>;
  /** The job waits for a person; `false` if it is over. */
  pause(jobId: string, isNew: boolean, run?: string): Promise<boolean>;
  /** The paused job goes on with an answer; returns the state it was found in. */
  resume(jobId: string, answer: FormAnswer): Promise<JobState | undefined>;
  /** Keeps what finds the running upstream call again, or forgets it; `false` if the job is over. */
  storeUpstream(jobId: string, handle: UpstreamHandle | undefined): Promise<boolean>;
  /** The job whose call the upstream knows by this id; it may be another tenant's. */
  jobOfUpstream(upstreamId: string): Promise<string | undefined>;
  /** Ends the job, exactly once; what follows from the end is written with it. */
  finish(
    jobId: string,
    ending: JobEnding,
    eventId: string,
    options?: FinishOptions,
  ): Promise<FinishReply>;
  /** Adds an event to the timeline; nothing when the job is gone. */
  appendEvent(jobId: string, type: string, data?: Record<string, unknown>): Promise<void>;
  /** The whole record. */
  read(jobId: string): Promise<JobRecord | undefined>;
  /** The record as a client sees it: with the result, without the input. */
  readWithoutInput(jobId: string): Promise<JobWithoutInput | undefined>;
  /** The record without input and result. */
  readSummary(jobId: string): Promise<JobSummary | undefined>;
  /** Whole records in the order of the ids; those that are gone are left out. */
  readMany(jobIds: readonly string[]): Promise<JobRecord[]>;
  /** A page of the tenant's jobs, newest first, or of a batch's children in their order. */
  list(tenantId: string, filter: JobFilter): Promise<JobPage>;
  /** What happened to the job, in order. */
  timeline(jobId: string, options?: TimelineOptions): Promise<TimelineEvent[]>;
  /** Live jobs that the sweeper should look at, the longest overdue first. */
  due(shard: number, limit: number): Promise<DueJob[]>;
  /** Sets when the sweeper looks at a live job again (epoch ms). */
  postpone(jobId: string, nextCheckMs: number): Promise<void>;
  /** How many jobs of the shard have not ended. */
  countLive(shard: number): Promise<number>;
  /** The sweeper's: takes jobs whose retention is over out of the indexes; call again while it returns `limit`. */
  trimIndexes(shard: number, limit: number): Promise<number>;
  /** Writes a call to the ledger that no move of its job carries, and with `cut` to its ended job; `false` if it is there. */
  bookCall(jobId: string, entry: LedgerEntry, cut?: CutRun): Promise<boolean>;
  /** The ledger of a shard behind an entry (`0`: from the beginning), the oldest first. */
  readLedger(shard: number, afterId: string, count: number): Promise<LedgerMessage[]>;
  /** Takes out what is older than the retention and was written before `readMs`. */
  trimLedger(shard: number, readMs: number): Promise<void>;
  /** Takes new entries of the outbox for a consumer, which must acknowledge them. */
  readOutbox(shard: number, consumer: string, options: ReadOutboxOptions): Promise<OutboxMessage[]>;
  /** Removes entries whose work is done. */
  ackOutbox(shard: number, streamIds: readonly string[]): Promise<void>;
  /** Takes over entries that another consumer was given at least `minIdleMs` ago. */
  claimOutbox(shard: number, consumer: string, minIdleMs: number): Promise<OutboxMessage[]>;
  /** The ends of the tenant's jobs go to the outbox from now on; `generation` grows with each call. */
  addSubscriber(tenantId: string, generation: number): Promise<void>;
  /** Undoes every `addSubscriber` with this generation or an older one. */
  removeSubscriber(tenantId: string, generation: number): Promise<void>;
  /** Sets what the tenant may have at most; `null` takes a cap back. */
  setCaps(tenantId: string, changes: CapChanges): Promise<void>;
  /** The caps that the tenant has of its own. */
  caps(tenantId: string): Promise<TenantCaps>;
  /** What each tenant has that has any job. */
  loads(): Promise<Map<string, TenantLoad>>;
  /** Takes the caps of a new configuration, for tenants that have none of their own. */
  replaceCaps(caps: TenantCaps): void;
  /** Appends a piece of the job's answer; `false` if nothing more of this run counts. */
  appendDelta(jobId: string, piece: DeltaPiece): Promise<boolean>;
  /** What follows a place in the job's events, timeline and deltas in one order. */
  readEvents(jobId: string, after: EventPosition): Promise<EventPage | undefined>;
  /** Calls the listener when the job may have ended, with its record where that came with the news. */
  onFinished(jobId: string, listener: FinishListener): Promise<StopListening>;
  /** The same for every event of the job. */
  onChange(jobId: string, listener: ChangeListener): Promise<StopListening>;
  /** Removes the job and every mention of it, cancelling it first if it is live; `false` if it was not there. */
  erase(jobId: string): Promise<boolean>;
}

/** Makes the records of one process. More on each method stands above the function it calls. */
export function createRecords(deps: RecordsDeps): Records {
  const context = createContext(deps);
  return {
    newJobId: jobIdMaker(context),
    accept: (request, idempotency, ticket) => acceptJob(context, request, idempotency, ticket),
    acceptChildren: (requests, ticketOf) => acceptChildren(context, requests, ticketOf),
    begin: (jobId, options) => beginJob(context, jobId, options),
    holdOf: (jobId, run) => holdOf(context, jobId, run),
    drop: (jobId, run) => dropRun(context, jobId, run),
    retry: (job, start) => retryJob(context, job, start),
    release: (jobId, ticket) => releaseJob(context, jobId, ticket),
    requeue: (jobId, options) => requeueJob(context, jobId, options),
    noteWait: (jobId, waitingOn) => noteWait(context, jobId, waitingOn),
    pause: (jobId, isNew, run) => pauseJob(context, jobId, isNew, run),
    resume: (jobId, answer) => resumeJob(context, jobId, answer),
    finish: (jobId, ending, eventId, options) =>
      finishJob(context, jobId, { ending, eventId, ...options }),
    appendEvent: (jobId, type, data) =>
      appendEvent(context, jobId, { type, ...(data && { data }) }),
    read: (jobId) => readJob(context, jobId),
    readWithoutInput: (jobId) => readWithoutInput(context, jobId),
    readSummary: async (jobId) => (await readSummaries(context, [jobId]))[0],
    readMany: (jobIds) => readMany(context, jobIds),
    list: (tenantId, filter) => listJobs(context, tenantId, filter),
    timeline: (jobId, options = {}) => readTimeline(context, jobId, options),
    due: (shard, limit) => dueJobs(context, shard, limit),
    postpone: (jobId, nextCheckMs) => postponeCheck(context, jobId, nextCheckMs),
    countLive: (shard) => countLive(context, shard),
    trimIndexes: (shard, limit) => trimIndexes(context, shard, limit),
    ...fileBatchActs(context),
    ...ledgerOf(context),
    ...outboxOf({ ...context, blocking: deps.blocking }),
    ...liveEvents(context, deps.subscriber),
    ...sessionRecords(context),
    ...leftCallRecords(context),
    ...upstreamActs(context),
    erase: (jobId) => eraseJob(context, jobId),
    ...tenantActs(context),
  };
}

function upstreamActs(context: RecordsContext): Pick<Records, 'storeUpstream' | 'jobOfUpstream'> {
  return {
    storeUpstream: (jobId, handle) => storeUpstream(context, jobId, handle),
    jobOfUpstream: (upstreamId) => jobOfUpstream(context, upstreamId),
  };
}

function tenantActs(
  context: RecordsContext,
): Pick<
  Records,
  'setCaps' | 'caps' | 'loads' | 'replaceCaps' | 'addSubscriber' | 'removeSubscriber'
> {
  return {
    addSubscriber: (tenantId, generation) => addSubscriber(context, tenantId, generation),
    removeSubscriber: (tenantId, generation) => removeSubscriber(context, tenantId, generation),
    setCaps: (tenantId, changes) => setCaps(context, tenantId, changes),
    caps: (tenantId) => readCaps(context, tenantId),
    loads: () => readLoads(context),
    replaceCaps: (caps) => void (context.config = { ...context.config, caps }),
  };
}

function ledgerOf(
  context: RecordsContext,
): Pick<Records, 'bookCall' | 'readLedger' | 'trimLedger'> {
  return {
    bookCall: (jobId, entry, cut) => bookCall(context, jobId, entry, cut),
    readLedger: (shard, afterId, count) => readLedger(context, shard, afterId, count),
    trimLedger: (shard, readMs) => trimLedger(context, shard, readMs),
  };
}

function outboxOf(
  context: RecordsContext & { blocking: RecordsDeps['blocking'] | undefined },
): Pick<Records, 'readOutbox' | 'ackOutbox' | 'claimOutbox'> {
  return {
    readOutbox: (shard, consumer, options) => readOutbox(context, shard, consumer, options),
    ackOutbox: (shard, streamIds) => ackOutbox(context, shard, streamIds),
    claimOutbox: (shard, consumer, minIdleMs) => claimOutbox(context, shard, consumer, minIdleMs),
  };
}

function liveEvents(
  context: RecordsContext,
  subscriber: Redis | undefined,
): Pick<Records, 'appendDelta' | 'readEvents' | 'onFinished' | 'onChange'> {
  const listeners = createChangeListeners(context.keys, subscriber);
  return {
    appendDelta: (jobId, piece) => appendDelta(context, jobId, piece),
    readEvents: (jobId, after) => readEvents(context, jobId, after),
    onFinished: (jobId, listener) => onFinished(context, listeners, jobId, listener),
    onChange: (jobId, listener) => listeners.listen(jobId, listener),
  };
}

function createContext({ redis, root, shards, config, clock, seals }: RecordsDeps): RecordsContext {
  if (!Number.isInteger(shards) || shards < 1 || shards > maxShards) {
    throw new TypeError(`shards must be 1 to ${maxShards}, not ${shards}`);
  }
  return { redis, keys: createKeys(root, shards), shards, config, clock, seals };
}
