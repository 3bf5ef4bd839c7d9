import { createHash } from 'node:crypto';

import { loadScript } from '@sluice/runtime';

import { answerClaims, type AnswerClaims } from './answer-claims.ts';
import type { RecordsContext } from './context.ts';
import { shardOfDigest } from './idempotency.ts';

const leave = loadScript(import.meta.url, 'leave-call');

/** SDKs ask again within seconds. */
const rememberedMs = 60_000;

/** A call whose client may come back for its answer: who asked what. */
export interface LeftCall {
  tenantId: string;
  keyId: string;
  /** Of the route and the body. */
  fingerprint: string;
}

/** Calls that are answered with a job's result: those that are being answered, and jobs whose clients have given up. */
export interface LeftCallRecords extends AnswerClaims {
  /** Whoever waited for the job has given up and may ask the same again. */
  leaveCall(call: LeftCall, jobId: string): Promise<void>;
  /** The job of an equal call that was left; each is given once. */
  takeUpCall(call: LeftCall): Promise<string | undefined>;
}

export function leftCallRecords(context: RecordsContext): LeftCallRecords {
  return {
    ...answerClaims(context),
    leaveCall: (call, jobId) => leaveCall(context, call, jobId),
    takeUpCall: (call) => takeUpCall(context, call),
  };
}

/** The client of a call has given up waiting; its job goes on. */
async function leaveCall(context: RecordsContext, call: LeftCall, jobId: string): Promise<void> {
  await leave(context.redis, [keyOf(context, call)], [jobId, rememberedMs]);
}

/** The job that an equal call has left, the oldest; each is given to one call only. `undefined` where there is none. */
async function takeUpCall(context: RecordsContext, call: LeftCall): Promise<string | undefined> {
  return (await context.redis.lpop(keyOf(context, call))) ?? undefined;
}

function keyOf({ keys, shards }: RecordsContext, call: LeftCall): string {
  const text = JSON.stringify([call.tenantId, call.keyId, call.fingerprint]);
  const digest = createHash('sha256').update(text).digest('hex');
  return keys.leftCalls(shardOfDigest(digest, shards), digest);
}
