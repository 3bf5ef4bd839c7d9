import type {
  JobEnding,
  JobRecord,
  JobRequest,
  TimelineEvent,
  UpstreamHandle,
} from '@sluice/contracts';
import type { Clock } from '@sluice/runtime';
import type { Redis } from 'ioredis';

import { acceptChildren, acceptJob, type AcceptReply } from './accept-job.ts';
import { beginJob, type BeginReply } from './begin-job.ts';
import type { RecordsConfig, RecordsContext } from './context.ts';
import { eraseJob } from './erase-job.ts';
import { finishJob, type FinishOptions, type FinishReply } from './finish-job.ts';
import {
  createFinishedListeners,
  type FinishedListener,
  type StopListening,
} from './finished-listener.ts';
import { idempotencyDigest, shardOfDigest, type Idempotency } from './idempotency.ts';
import { maxShards, newShardedId } from './job-id.ts';
import { createKeys } from './keys.ts';
import { listJobs, type JobFilter, type JobPage } from './list-jobs.ts';
import { countLive, dueJobs, postponeCheck, trimIndexes, type DueJob } from './live-jobs.ts';
import {
  ackOutbox,
  claimOutbox,
  readOutbox,
  type OutboxMessage,
  type ReadOutboxOptions,
} from './outbox.ts';
import { readJob, readMany, readWithoutInput, type JobWithoutInput } from './read-job.ts';
import { requeueJob, storeUpstream, type RequeueOptions } from './requeue-job.ts';
import { appendEvent, readTimeline, type TimelineOptions } from './timeline.ts';

export interface RecordsDeps {
  redis: Redis;
  /** Root of all keys. */
  root: string;
  /** How many hash slots jobs are spread over, 1 to 1,024. */
  shards: number;
  config: RecordsConfig;
  clock: Clock;
  /** A connection for subscriptions only; needed by `onFinished`. */
  subscriber?: Redis;
  /** A connection that may block; needed by `readOutbox` with `blockMs` above 0. One reader at a time. */
  blocking?: Redis;
}

/**
 * The records of jobs: everything that is true of a job is here, and every change of it is one Lua script.
 * Each method that takes a job id treats a text that is no job id as a job that is not there.
 * Errors are those of Redis; a TypeError tells a mistake of the caller.
 */
export interface Records {
  /** A new job id. The shard is chosen in turn, or by the Idempotency-Key, so that equal keys meet in one shard. */
  newJobId(idempotent?: { tenantId: string; idempotencyKey: string }): string;
  accept(request: JobRequest, idempotency?: Idempotency): Promise<AcceptReply>;
  acceptChildren(requests: readonly JobRequest[]): Promise<number>;
  begin(jobId: string, targetIndex?: number): Promise<BeginReply>;
  requeue(jobId: string, options: RequeueOptions): Promise<boolean>;
  storeUpstream(jobId: string, handle: UpstreamHandle): Promise<boolean>;
  finish(
    jobId: string,
    ending: JobEnding,
    eventId: string,
    options?: FinishOptions,
  ): Promise<FinishReply>;
  appendEvent(jobId: string, type: string, data?: Record<string, unknown>): Promise<void>;
  read(jobId: string): Promise<JobRecord | undefined>;
  readWithoutInput(jobId: string): Promise<JobWithoutInput | undefined>;
  readMany(jobIds: readonly string[]): Promise<JobRecord[]>;
  list(tenantId: string, filter: JobFilter): Promise<JobPage>;
  timeline(jobId: string, options?: TimelineOptions): Promise<TimelineEvent[]>;
  due(shard: number, limit: number): Promise<DueJob[]>;
  postpone(jobId: string, nextCheckMs: number): Promise<void>;
  countLive(shard: number): Promise<number>;
  trimIndexes(shard: number, limit: number): Promise<number>;
  readOutbox(shard: number, consumer: string, options: ReadOutboxOptions): Promise<OutboxMessage[]>;
  ackOutbox(shard: number, streamIds: readonly string[]): Promise<void>;
  claimOutbox(shard: number, consumer: string, minIdleMs: number): Promise<OutboxMessage[]>;
  onFinished(jobId: string, listener: FinishedListener): Promise<StopListening>;
  erase(jobId: string): Promise<boolean>;
}

/** What each method promises stands above the function it calls. */
export function createRecords(deps: RecordsDeps): Records {
  const context = createContext(deps);
  const listeners = createFinishedListeners(context.keys, deps.subscriber);
  return {
    newJobId: jobIdMaker(context),
    accept: (request, idempotency) => acceptJob(context, request, idempotency),
    acceptChildren: (requests) => acceptChildren(context, requests),
    begin: (jobId, targetIndex) => beginJob(context, jobId, targetIndex),
    requeue: (jobId, options) => requeueJob(context, jobId, options),
    storeUpstream: (jobId, handle) => storeUpstream(context, jobId, handle),
    finish: (jobId, ending, eventId, options) =>
      finishJob(context, jobId, { ending, eventId, ...options }),
    appendEvent: (jobId, type, data) =>
      appendEvent(context, jobId, { type, ...(data && { data }) }),
    read: (jobId) => readJob(context, jobId),
    readWithoutInput: (jobId) => readWithoutInput(context, jobId),
    readMany: (jobIds) => readMany(context, jobIds),
    list: (tenantId, filter) => listJobs(context, tenantId, filter),
    timeline: (jobId, options = {}) => readTimeline(context, jobId, options),
    due: (shard, limit) => dueJobs(context, shard, limit),
    postpone: (jobId, nextCheckMs) => postponeCheck(context, jobId, nextCheckMs),
    countLive: (shard) => countLive(context, shard),
    trimIndexes: (shard, limit) => trimIndexes(context, shard, limit),
    readOutbox: (shard, consumer, options) =>
      readOutbox({ ...context, blocking: deps.blocking }, shard, consumer, options),
    ackOutbox: (shard, streamIds) => ackOutbox(context, shard, streamIds),
    claimOutbox: (shard, consumer, minIdleMs) => claimOutbox(context, shard, consumer, minIdleMs),
    onFinished: (jobId, listener) => listeners.listen(jobId, listener),
    erase: (jobId) => eraseJob(context, jobId),
  };
}

function createContext({ redis, root, shards, config, clock }: RecordsDeps): RecordsContext {
  if (!Number.isInteger(shards) || shards < 1 || shards > maxShards) {
    throw new TypeError(`shards must be 1 to ${maxShards}, not ${shards}`);
  }
  return { redis, keys: createKeys(root, shards), shards, config, clock };
}

function jobIdMaker({ clock, shards }: RecordsContext): Records['newJobId'] {
  let turn = 0;
  return (idempotent) => {
    if (!idempotent) {
      turn = (turn + 1) % shards;
      return newShardedId(clock.now(), turn);
    }
    const digest = idempotencyDigest(idempotent.tenantId, idempotent.idempotencyKey);
    return newShardedId(clock.now(), shardOfDigest(digest, shards));
  };
}
