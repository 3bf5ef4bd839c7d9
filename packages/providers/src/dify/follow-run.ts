import { SluiceError, type ErrorCode, type UpstreamHandle } from '@sluice/contracts';

import type { WorkflowReply } from '../adapter.ts';
import { abortError } from '../http/connection-error.ts';
import type { DifyApi } from './dify-api.ts';
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
    const broken = brokenStream(api, run, error);
    if (!broken) throw error;
    const ended = await lookOnce(api, run, broken.handle);
    if (ended) return ended;
    if (broken.code !== 'upstream_timeout') throw error;
    return await followRun(api, run);
  }
}

/** Attaches to a run that was started before, and follows it to its end; never starts one. */
export async function followRun(api: DifyApi, run: WorkflowRun): Promise<WorkflowReply> {
  run.hasGaps = true;
  for (;;) {
    try {
      if (!run.handle) throw new SluiceError('internal_error', 'there is no run to follow');
      return run.conclude(await api.attach(run, run.handle));
    } catch (error) {
      const broken = brokenStream(api, run, error);
      if (!broken) throw error;
      if (broken.code !== 'upstream_timeout') return await pollRun(api, run, broken.handle);
      const ended = await look(api, run, broken.handle);
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

/** Asks for the run with growing pauses until it has ended. */
async function pollRun(
  api: DifyApi,
  run: WorkflowRun,
  handle: UpstreamHandle,
): Promise<WorkflowReply> {
  const { http, signal } = api.context;
  for (let pauseMs = firstPollMs; ; pauseMs = Math.min(pauseMs * pollGrowth, maxPollMs)) {
    const ended = await look(api, run, handle);
    if (ended) return ended;
    await http.clock.sleep(pauseMs, signal);
    if (signal.aborted) throw abortError(signal);
  }
}

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
