/**
 * Synchronous calls in the format of a vendor, as jobs: accept, follow, translate back.
 *
 * A route of a vendor is three pure steps around `answerCall`, in a folder with the vendor's name (see `openai/chat`):
 *
 * 1. **request → job**: a zod schema of the vendor's body and a function that makes a `SubmitJob` of it. `parseWireBody` checks
 *    the body and words what is wrong with it.
 * 2. **result, pieces and errors → wire**: a `WireFormat` (wire-format.ts). `whole` writes the answer of a job, `stream` makes a
 *    writer of server-sent events from what the job does: the pieces that it is given always go on from those before, whatever
 *    retries the job has seen. `refusal` renames fields of the job back to what the client has sent.
 * 3. **the form of errors**: an `ErrorFormat` beside the route in `routes.ts`. It also writes the errors that come before the
 *    route (a wrong key) and stands in the body of an answer whose head had to leave early.
 *
 * What is the same for all of them is here: options in headers, Idempotency-Key, budget, queue, the wait with keep-alive, the
 * timeout of the call, what happens when the client goes away, headers with the job's id, latency, tokens and cost.
 */
import type { Request, Response } from 'express';

import { isTerminal, SluiceError, type JobRequest, type SubmitJob } from '@sluice/contracts';
import type { LeftCall } from '@sluice/records';
import type { Caller } from '@sluice/tenants';

import { fingerprintOf, idempotencyKeyOf } from '../accept/idempotency.ts';
import { takeJob, type TakenJob } from '../accept/take-job.ts';
import { cancelJob } from '../cancel-job.ts';
import type { ApiDeps } from '../deps.ts';
import { goneSignal } from '../http/long-poll.ts';
import { callerOf } from '../middleware/authenticate.ts';
import { toSluiceError } from '../middleware/handle-error.ts';
import { withOptions, type CallOptions } from './call-options.ts';
import { claimAnswer } from './claim-answer.ts';
import { keepAliveOf } from './keep-alive.ts';
import { replyStream } from './reply-stream.ts';
import { replyWhole } from './reply-whole.ts';
import type { WireFormat } from './wire-format.ts';

/** A call that was understood. */
export interface SyncCall {
  /** The job that it is, without the options in its headers. */
  submitted: SubmitJob;
  /** What the record keeps beside that. */
  more?: Partial<JobRequest> | undefined;
  /** As it was sent: the same Idempotency-Key takes no other one. */
  body: unknown;
  options: CallOptions;
  refusal: WireFormat['refusal'];
}

/**
 * Accepts the job of a call and answers with what becomes of it.
 * @throws SluiceError why there is no answer, as long as no head has left.
 */
export async function answerCall(
  request: Request,
  response: Response,
  call: SyncCall & { format(jobId: string): Omit<WireFormat, 'refusal'> },
  deps: ApiDeps,
): Promise<void> {
  const { submitted, options, refusal } = call;
  const isStream = 'stream' in submitted && submitted.stream === true;
  const taken = await takeCall(request, response, call, deps);
  const { jobId } = taken;
  const format = { ...call.format(jobId), refusal };
  await answerTaken(request, response, { ...taken, isStream, options, format }, deps);
}

/**
 * The job of a call, accepted. A client must not be led to try again where that could be a second job; an SDK that tries again
 * all the same, because it would wait no longer, gets the job that it has left.
 */
export async function takeCall(
  request: Request,
  response: Response,
  { submitted, more, body, options, refusal }: SyncCall,
  deps: ApiDeps,
): Promise<TakenJob & Pick<TakenCall, 'left'>> {
  deps.redisWatch.assertRoom();
  const caller = callerOf(response);
  const key = idempotencyKeyOf(request);
  const fingerprint = () => fingerprintOf({ path: request.path, body });
  const idempotency = key === undefined ? undefined : { key, fingerprint: fingerprint() };
  const left = idempotency ? undefined : leftCallOf(request, caller, fingerprint);
  try {
    if (idempotency) {
      const { tenantId } = caller;
      await claimAnswer(response, { tenantId, idempotency }, deps);
    }
    const known = left && (await findLeft(request, left, deps));
    if (known !== undefined) {
      response.setHeader('Idempotency-Replayed', 'true');
      return { jobId: known, left };
    }
    const job = withOptions(submitted, options, deps.config.jobs);
    const taken = await takeJob(job, { caller, idempotency, more }, deps);
    if (!taken.made) response.setHeader('Idempotency-Replayed', 'true');
    return { ...taken, left };
  } catch (error) {
    const known = toSluiceError(error);
    if (!known.retryable && !idempotency) response.setHeader('X-Should-Retry', 'false');
    throw refusal(known);
  }
}

/** A job whose answer goes to a client. */
export interface TakenCall extends Pick<TakenJob, 'jobId' | 'made' | 'hasEnded'> {
  /** As what its client comes back if it gives up, where it does that by itself. */
  left?: (() => LeftCall) | undefined;
  isStream: boolean;
  options: Pick<CallOptions, 'timeoutSeconds' | 'onDisconnect'>;
  format: WireFormat;
}

/**
 * Follows a job that is there and answers with what becomes of it.
 * @throws SluiceError why there is no answer, as long as no head has left.
 */
export async function answerTaken(
  request: Request,
  response: Response,
  { jobId, made, hasEnded, left, isStream, options, format }: TakenCall,
  deps: ApiDeps,
): Promise<void> {
  const { timeoutSeconds } = options;
  const gone = goneSignal(response, deps.closing);
  const keepAlive = keepAliveOf(request.headers, isStream);
  const isNew = made !== undefined && !hasEnded;
  const followed = { jobId, isNew, format, keepAlive, timeoutSeconds, gone };
  try {
    await (isStream ? replyStream : replyWhole)(response, followed, deps);
  } catch (error) {
    // The job had all its attempts, or goes on: another call would be another job.
    response.setHeader('X-Should-Retry', 'false');
    response.setHeader('X-Sluice-Job-Id', jobId);
    throw format.refusal(toSluiceError(error));
  } finally {
    if (options.onDisconnect === 'cancel') {
      if (!deps.closing.aborted) await cancelIfLive(jobId, deps);
    } else if (left && hasGivenUp(response, isStream)) {
      await deps.records.leaveCall(left(), jobId);
    }
  }
}

/** Only SDKs that try again by themselves come back for an answer, and say with each try which one it is. */
function leftCallOf(
  request: Request,
  { tenantId, keyId }: Caller,
  fingerprint: () => string,
): TakenCall['left'] {
  if (request.headers['x-stainless-retry-count'] === undefined) return undefined;
  return () => ({ tenantId, keyId, fingerprint: fingerprint() });
}

/** The job that an earlier try of the same call has left, if it is still there. */
async function findLeft(
  { headers }: Request,
  left: () => LeftCall,
  { records }: Pick<ApiDeps, 'records'>,
): Promise<string | undefined> {
  if (headers['x-stainless-retry-count'] === '0') return undefined;
  const call = left();
  const jobId = await records.takeUpCall(call);
  const job = jobId === undefined ? undefined : await records.readSummary(jobId);
  return job?.tenantId === call.tenantId ? jobId : undefined;
}

/** The connection closed before the answer was out. Of a stream that has begun an SDK does not try again. */
function hasGivenUp(response: Response, isStream: boolean): boolean {
  return response.destroyed && !response.writableFinished && !(isStream && response.headersSent);
}

/** Nobody waits for the job any more. One that has ended stays as it is. */
async function cancelIfLive(jobId: string, deps: ApiDeps): Promise<void> {
  const job = await deps.records.readSummary(jobId);
  if (!job || isTerminal(job.state)) return;
  try {
    await cancelJob(job, deps);
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
  }
}
