import type { Response } from 'express';

import { isTerminal, SluiceError } from '@sluice/contracts';
import type { JobWithoutInput } from '@sluice/records';

import type { ApiDeps } from '../deps.ts';
import { replyJson, requestIdOf } from '../http/reply.ts';
import { errorBody } from '../middleware/handle-error.ts';
import { waitForJob } from '../wait-for-job.ts';
import { headersOfJob, type Followed } from './followed.ts';
import { answerOf, processStops, waitTimeout } from './error-of-job.ts';

/**
 * Waits for the job and answers with its result. Where that takes long, a head with status 200 leaves before and blanks
 * follow it, which JSON allows in front of a value; whatever then happens is said in the body.
 * @throws SluiceError while no head has left: why there is no answer.
 */
export async function replyWhole(
  response: Response,
  followed: Followed,
  deps: ApiDeps,
): Promise<void> {
  const { format } = followed;
  const early = keepAlive(response, followed);
  try {
    const job = await endOf(followed, deps);
    const answer = answerOf(job, format);
    const body = format.whole(answer);
    const headers = headersOfJob(answer, deps);
    if (response.headersSent) endLate(response, body, headers);
    else replyJson(response, 200, body, headers);
  } catch (error) {
    if (!response.headersSent) throw error;
    const refusal = format.refusal(SluiceError.from(error));
    response.end(errorBody(refusal, response));
  } finally {
    early.stop();
  }
}

/**
 * The ended job; `undefined` if it was erased.
 * @throws SluiceError `wait_timeout`, `unavailable` when the process stops, `cancelled` when the client has gone.
 */
async function endOf(
  { jobId, isNew, gone, timeoutSeconds }: Followed,
  deps: ApiDeps,
): Promise<JobWithoutInput | undefined> {
  const waitMs = timeoutSeconds === undefined ? Infinity : timeoutSeconds * 1_000;
  const job = await waitForJob(jobId, { waitMs, gone, isNew }, deps);
  if (!job || isTerminal(job.state)) return job;
  if (deps.closing.aborted) throw processStops(jobId);
  if (gone.aborted) throw new SluiceError('cancelled', 'the client has gone');
  throw waitTimeout(jobId, timeoutSeconds ?? 0);
}

function keepAlive(response: Response, { jobId, keepAlive: times }: Followed): { stop(): void } {
  if (!times) return { stop() {} };
  const blank = () => {
    if (!response.headersSent) {
      response.writeHead(200, {
        'Content-Type': 'application/json',
        'X-Request-Id': requestIdOf(response),
        'X-Content-Type-Options': 'nosniff',
        'Cache-Control': 'no-store',
        'X-Accel-Buffering': 'no',
        'X-Sluice-Job-Id': jobId,
        Trailer: 'X-Relay-Latency, X-Usage-Token-Count, X-Cost-USD',
      });
    }
    if (!response.writableNeedDrain) response.write('\n');
  };
  let timer = setTimeout(() => {
    blank();
    timer = setInterval(blank, times.everyMs);
  }, times.firstByteMs);
  return { stop: () => clearTimeout(timer) };
}

/** What was known too late for the head follows as trailers. */
function endLate(response: Response, body: string, headers: Record<string, string>): void {
  response.write(body);
  response.addTrailers(headers);
  response.end();
}
