import type { AppKind, CompletedJob, JobState, WorkflowResult } from '@sluice/contracts';

import { runIdsOfJob, type AskedRun, type EndedRun, type RunIds } from './run-ids.ts';

/** Dify's words for what an app is. */
export const modeOf: Readonly<Record<AppKind, string>> = {
  workflow: 'workflow',
  chat: 'chat',
  chatflow: 'advanced-chat',
  agent: 'agent-chat',
  completion: 'completion',
};

/**
 * The whole answer of a call that was not streamed.
 * @see https://docs.dify.ai/api-reference/workflow-execution/execute-workflow
 */
export function runReply(job: CompletedJob, { kind }: Pick<AskedRun, 'kind'>) {
  const result = runIn(job);
  const ids = runIdsOfJob(job, result);
  if (kind === 'workflow') {
    const data = runData(job, result, ids);
    return { task_id: ids.task, workflow_run_id: ids.run, data };
  }
  return {
    event: 'message',
    task_id: ids.task,
    id: ids.message,
    message_id: ids.message,
    ...(kind !== 'completion' && { conversation_id: ids.conversation }),
    mode: modeOf[kind],
    answer: result.answer ?? '',
    metadata: result.metadata ?? {},
    created_at: secondsOf(job.createdAtMs),
  };
}

/** `data` of a run that has ended, as the blocking answer and `workflow_finished` have it. */
export function runData(
  { createdAtMs, startedAtMs = createdAtMs, endedAtMs = startedAtMs }: EndedRun,
  result: WorkflowResult,
  ids: RunIds,
) {
  return {
    id: ids.run,
    workflow_id: result.workflow_id ?? '',
    status: result.status,
    outputs: result.status === 'stopped' ? null : result.outputs,
    error: result.error,
    elapsed_time: result.elapsed_time ?? (endedAtMs - startedAtMs) / 1_000,
    total_tokens: result.total_tokens ?? 0,
    total_steps: result.total_steps ?? 0,
    created_at: secondsOf(startedAtMs),
    finished_at: secondsOf(endedAtMs),
    ...(result.files && { files: result.files }),
  };
}

/** The result of a job of an app. */
export function runIn({ result }: Pick<CompletedJob, 'result'>): WorkflowResult {
  if (result.type !== 'workflow') throw new TypeError(`a ${result.type} is no run`);
  return result;
}

/**
 * A job that did not complete as an answer, where Dify has one: a workflow's run that failed, and one that was stopped. Of apps
 * that say something a stopped answer ends as any other, in a stream, which has what was said.
 */
export function unfinishedAnswer(
  job: EndedRun,
  { kind, isStream }: { kind: AppKind; isStream: boolean },
): CompletedJob | undefined {
  const isWorkflow = kind === 'workflow';
  if (job.state === 'cancelled' && (isWorkflow || isStream)) {
    return { ...job, result: { type: 'workflow', status: 'stopped', outputs: {}, error: null } };
  }
  if (!isWorkflow || job.result?.type !== 'workflow') return undefined;
  return { ...job, result: job.result };
}

/** Dify's word for how a run stands. */
export function runStatusOf(state: JobState, result: WorkflowResult | undefined): string {
  if (state === 'cancelled') return 'stopped';
  if (state === 'paused') return 'paused';
  if (state === 'queued' || state === 'in_progress') return 'running';
  return result?.status ?? (state === 'completed' ? 'succeeded' : 'failed');
}

/** Unix seconds. */
export function secondsOf(ms: number): number {
  return Math.floor(ms / 1_000);
}
