import { SluiceError, type ErrorCode, type UpstreamHandle } from '@sluice/contracts';

import type { WorkflowReply } from '../adapter.ts';
import { abortError } from '../http/connection-error.ts';
import type { DifyApi } from './dify-api.ts';
import { startFailure } from './start-failure.ts';
import type { WorkflowRun } from './workflow-run.ts';

const firstPollMs = 2_000;
const maxPollMs = 30_000;
const pollGrowth = 1.5;

/**
 * Starts a run and follows it to its end. When its stream breaks, one look at the run may settle it; if the run goes on,
 * the break is thrown, and the next attempt attaches. A stream that is only quiet is no reason to fail: a node may take
 * longer than the idle deadline, so as long as Dify says that the run is running it is followed further.
 */
export async function startRun(api: DifyApi, run: WorkflowRun): Promise<WorkflowReply> {
  try {
    return run.conclude(await api.start(run));
  } catch (error) {
    if (!run.handle) throw startFailure(error, api.context);
    const broken = brokenStream(api, run, error);
    if (!broken) throw error;
    const ended = await lookOnce(api, run, broken.handle);
    if (ended) return ended;
    if (broken.code !== 'upstream_timeout') throw error;
    return await attachRun(api, run, broken.handle);
  }
}

/** Follows a run that an earlier attempt started to its end; never starts one. */
export async function resumeRun(
  api: DifyApi,
  run: WorkflowRun,
  handle: UpstreamHandle,
): Promise<WorkflowReply> {
  run.hasGaps = true;
  return (await lookUnlessMissing(api, run, handle)) ?? (await attachRun(api, run, handle));
}

async function attachRun(
  api: DifyApi,
  run: WorkflowRun,
  handle: UpstreamHandle,
): Promise<WorkflowReply> {
  run.hasGaps = true;
  for (;;) {
    try {
      return run.conclude(await api.attach(run, handle));
    } catch (error) {
      const broken = brokenStream(api, run, error);
      if (!broken) throw error;
      if (broken.code !== 'upstream_timeout') return await pollRun(api, run, handle);
      const ended = await look(api, run, handle);
      if (ended) return ended;
    }
  }
}

/** Errors of a stream that say nothing of the run: no such route, or a route that is something else, or a break. */
const streamOnly = new Set<ErrorCode>([
  'upstream_truncated',
  'upstream_timeout',
  'upstream_not_found',
  'upstream_invalid_request',
  'bad_upstream',
]);

/** The run that goes on although its stream broke; undefined where the error is the run's or the caller's own. */
function brokenStream(
  api: DifyApi,
  run: WorkflowRun,
  error: unknown,
): { handle: UpstreamHandle; code: ErrorCode } | undefined {
  const { handle, isClosed, isUnrecorded } = run;
  if (!handle || isClosed || isUnrecorded || api.context.signal.aborted) return undefined;
  if (!(error instanceof SluiceError) || !streamOnly.has(error.code)) return undefined;
  return { handle, code: error.code };
}

/** Asks for the run with growing pauses until it has ended. The first look is at once: the stream may have missed the end. */
async function pollRun(
  api: DifyApi,
  run: WorkflowRun,
  handle: UpstreamHandle,
): Promise<WorkflowReply> {
  const { http, signal } = api.context;
  let ended = await lookUnlessMissing(api, run, handle);
  for (let pauseMs = firstPollMs; !ended; pauseMs = Math.min(pauseMs * pollGrowth, maxPollMs)) {
    await http.clock.sleep(pauseMs, signal);
    if (signal.aborted) throw abortError(signal);
    ended = await look(api, run, handle);
  }
  return ended;
}

/** The reply if the run has ended. */
async function look(
  api: DifyApi,
  run: WorkflowRun,
  handle: UpstreamHandle,
): Promise<WorkflowReply | undefined> {
  run.hasGaps = true;
  const { value: detail, headers } = await api.detail(handle);
  const outcome = run.outcomeOf(detail);
  return outcome && run.conclude({ value: outcome, headers });
}

/** As `look`; a run that is missing may just not be written yet: Dify's workers write it behind the stream. */
async function lookUnlessMissing(
  api: DifyApi,
  run: WorkflowRun,
  handle: UpstreamHandle,
): Promise<WorkflowReply | undefined> {
  try {
    return await look(api, run, handle);
  } catch (error) {
    if (error instanceof SluiceError && error.code === 'upstream_not_found') return undefined;
    throw error;
  }
}

/** As `look`, but a look that fails says nothing: the stream's own error is the one to tell. */
async function lookOnce(
  api: DifyApi,
  run: WorkflowRun,
  handle: UpstreamHandle,
): Promise<WorkflowReply | undefined> {
  try {
    return await look(api, run, handle);
  } catch (error) {
    if (run.isClosed || api.context.signal.aborted) throw error;
    return undefined;
  }
}
