import { SluiceError, type ErrorCode, type UpstreamHandle } from '@sluice/contracts';

import type { WorkflowPause, WorkflowReply } from '../adapter.ts';
import type { Reply } from '../http/call-upstream.ts';
import { abortError } from '../http/connection-error.ts';
import type { AppRun, RunOutcome } from './app-run.ts';
import { hasOwnUser, kindOf } from './convert-request.ts';
import type { DifyApi } from './dify-api.ts';
import { mayHaveStarted, mustNotRepeat } from './start-failure.ts';
import { uploadFiles } from './upload-files.ts';

const firstPollMs = 2_000;
const maxPollMs = 30_000;
const pollGrowth = 1.5;

/** How a run ended, or that it waits for a person. */
type Followed = WorkflowReply | WorkflowPause;

/** Pauses between looks for a run of which only its user is known: Dify's workers may be slow to write it. */
const searchPausesMs = [1_000, 2_000, 4_000];

/**
 * Starts a run and follows it to its end. What a failure means:
 *
 * | the run                              | then                                                                   |
 * |--------------------------------------|------------------------------------------------------------------------|
 * | certainly was not started            | the error; the record forgets the call                                 |
 * | started, Dify says that it failed    | the error                                                              |
 * | started, and can be found by its id  | one look may settle it; if it goes on, the next attempt attaches to it  |
 * | started or not, nobody knows         | searched for by its user; if that finds none, `onCrash` decides         |
 *
 * A stream that is only quiet is no reason to fail: a node may take longer than the idle deadline, so as long as Dify says
 * that the run is running it is followed further.
 */
export async function startRun(api: DifyApi, run: AppRun): Promise<Followed> {
  const input = await uploadFiles(api, run);
  await run.handle.markSent(api.context.http.clock.now());
  try {
    return run.conclude(await api.start(run, input));
  } catch (error) {
    if (!(error instanceof SluiceError) || api.context.signal.aborted) throw error;
    if (run.handle.isUnrecorded) throw error;
    if (run.handle.value?.run_id !== undefined) {
      return await afterBreak(api, run, { handle: run.handle.value, error });
    }
    return await afterLoss(api, run, error);
  }
}

/** Goes on with what an earlier attempt sent: attaches to its run, else as `onCrash` says; see {@link startRun}. */
export async function followAgain(
  api: DifyApi,
  run: AppRun,
  handle: UpstreamHandle,
): Promise<Followed> {
  if (handle.run_id !== undefined) {
    return (await giveAnswer(api, run, handle)) ?? (await resumeRun(api, run, handle));
  }
  const found = await searchRun(api, run);
  if (found) return await resumeRun(api, run, found);
  if (mayRepeat(run)) {
    run.hasGaps = false;
    return await startRun(api, run);
  }
  const { name } = api.context.target.provider;
  const message = `the worker went away after it had called ${name}, and the call cannot be found again`;
  throw mustNotRepeat(new SluiceError('interrupted', message), api.context);
}

/** Hands a person's answer to the run. One that Dify does not take leaves it paused. */
async function giveAnswer(
  api: DifyApi,
  run: AppRun,
  { user }: UpstreamHandle,
): Promise<Followed | undefined> {
  const { formAnswer } = run.call;
  if (!formAnswer) return undefined;
  try {
    await api.submitForm(formAnswer, user);
  } catch (error) {
    if (!(error instanceof SluiceError) || error.retryable || api.context.signal.aborted)
      throw error;
    await run.handle.rejectAnswer(formAnswer.form_token, error.message);
    return run.conclude({ value: { isPaused: true }, headers: {} });
  }
  await run.handle.settleForm(formAnswer.form_token);
  return undefined;
}

/** The stream of a run broke whose id is known. */
async function afterBreak(
  api: DifyApi,
  run: AppRun,
  { handle, error }: { handle: UpstreamHandle; error: SluiceError },
): Promise<Followed> {
  if (run.isClosed || !streamOnly.has(error.code)) throw error;
  const ended = await lookOnce(api, run, handle);
  if (ended) return ended;
  if (error.code !== 'upstream_timeout') throw error;
  return await attachRun(api, run, handle);
}

/** The POST failed, and no id of a run is known. */
async function afterLoss(api: DifyApi, run: AppRun, error: SluiceError): Promise<Followed> {
  const isOver = run.isClosed && !(run.answer.hasActed && !mayRepeat(run));
  if (run.handle.value?.state === 'sent' ? !mayHaveStarted(error) : isOver) {
    await run.handle.clear();
    throw error;
  }
  const found = await searchRun(api, run);
  if (found) return await resumeRun(api, run, found);
  if (!mayRepeat(run)) throw mustNotRepeat(error, api.context);
  await run.handle.clear();
  throw error;
}

function mayRepeat({ call }: AppRun): boolean {
  return call.target.app?.onCrash === 'rerun';
}

/**
 * Looks for a workflow's run by its user. Only where no other job has that user: Dify's list tells nothing else by which
 * one could be told from another's. Other kinds of apps have no such list.
 */
async function searchRun(api: DifyApi, run: AppRun): Promise<UpstreamHandle | undefined> {
  const { call } = run;
  if (kindOf(call) !== 'workflow' || !hasOwnUser(call)) return undefined;
  const { http, signal } = api.context;
  for (const pauseMs of [0, ...searchPausesMs]) {
    if (pauseMs > 0) await http.clock.sleep(pauseMs, signal);
    if (signal.aborted) throw abortError(signal);
    const runId = await api.newestRunOf(call.jobId).catch(ignoreFailure);
    if (runId === undefined) continue;
    await run.handle.adopt(runId);
    return run.handle.value;
  }
  return undefined;
}

/** Follows a run to its end; never starts one. */
async function resumeRun(api: DifyApi, run: AppRun, handle: UpstreamHandle): Promise<Followed> {
  run.hasGaps = true;
  return (await lookUnlessMissing(api, run, handle)) ?? (await attachRun(api, run, handle));
}

async function attachRun(api: DifyApi, run: AppRun, handle: UpstreamHandle): Promise<Followed> {
  run.hasGaps = true;
  run.wasAttached = true;
  for (;;) {
    try {
      return await concludeLate(api, run, await api.attach(run, handle));
    } catch (error) {
      if (run.isClosed || run.handle.isUnrecorded || api.context.signal.aborted) throw error;
      if (!(error instanceof SluiceError) || !streamOnly.has(error.code)) throw error;
      if (error.code !== 'upstream_timeout') return await pollRun(api, run, handle);
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

/**
 * Asks for the run with growing pauses until it has ended. The first look is at once: the stream may have missed the end.
 * A Dify that is away meanwhile says nothing of the run; the job's time-out bounds it.
 */
async function pollRun(api: DifyApi, run: AppRun, handle: UpstreamHandle): Promise<Followed> {
  const { http, signal } = api.context;
  let ended = await lookUnlessMissing(api, run, handle);
  for (let pauseMs = firstPollMs; !ended; pauseMs = Math.min(pauseMs * pollGrowth, maxPollMs)) {
    await http.clock.sleep(pauseMs, signal);
    if (signal.aborted) throw abortError(signal);
    ended = await look(api, run, handle).catch(ignoreTransient);
  }
  return ended;
}

/** The reply if the run has ended. */
async function look(
  api: DifyApi,
  run: AppRun,
  handle: UpstreamHandle,
): Promise<Followed | undefined> {
  run.hasGaps = true;
  const { value: detail, headers } = await api.detail(handle, run.call.onRaw);
  const value = run.outcomeOf(detail);
  return value && (await concludeLate(api, run, { value, headers }));
}

/** The reply of a run that was not followed throughout: a chatflow's text is read from where Dify stored it. */
async function concludeLate(
  api: DifyApi,
  run: AppRun,
  reply: Reply<RunOutcome>,
): Promise<Followed> {
  const { handle, answer } = run;
  if (run.routes.hasMessage && handle.value && !reply.value.isPaused) {
    const stored = await api.storedAnswer(handle.value).catch(ignoreFailure);
    const { answer: output } = reply.value.result.outputs;
    const text = stored ?? (typeof output === 'string' ? output : undefined);
    if (text !== undefined) answer.replace(text);
  }
  return run.conclude(reply);
}

/** As `look`; a run that is missing may just not be written yet: Dify's workers write it behind the stream. */
async function lookUnlessMissing(
  api: DifyApi,
  run: AppRun,
  handle: UpstreamHandle,
): Promise<Followed | undefined> {
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
  run: AppRun,
  handle: UpstreamHandle,
): Promise<Followed | undefined> {
  try {
    return await look(api, run, handle);
  } catch (error) {
    if (run.isClosed || api.context.signal.aborted) throw error;
    return undefined;
  }
}

/** What could not be found out is not known; a call that was aborted is seen by its signal. */
function ignoreFailure(): undefined {
  return undefined;
}

/** A failure that may pass is no answer. */
function ignoreTransient(error: unknown): undefined {
  if (error instanceof SluiceError && error.retryable && error.code !== 'cancelled')
    return undefined;
  throw error;
}
