import type { AppKind, JobRecord, UpstreamHandle, WorkflowResult } from '@sluice/contracts';

/** What an answer reads of a job. */
export type EndedRun = Omit<JobRecord, 'input'>;

/** What the answer says of the call. */
export interface AskedRun {
  jobId: string;
  kind: AppKind;
  inputs: Record<string, unknown>;
}

/**
 * How clients name a run: as Dify names it. Where Dify was not asked, or has not answered yet, the job's id stands for the task,
 * the run and the message; all of them are found by either.
 */
export interface RunIds {
  task: string;
  run: string;
  message: string;
  conversation: string;
}

/** The ids as far as they are known. */
export function runIdsOf(jobId: string, known: Partial<WorkflowResult> = {}): RunIds {
  const { task_id: task, workflow_run_id: run, message_id: message } = known;
  return {
    task: task ?? jobId,
    run: run ?? jobId,
    message: message ?? jobId,
    conversation: known.conversation_id ?? '',
  };
}

/** The ids of an ended job. One that the cache has answered has none of Dify's: they are those of another run. */
export function runIdsOfJob({ jobId, cache, upstream }: EndedRun, result: WorkflowResult): RunIds {
  if (cache?.status === 'hit' || cache?.status === 'stale') return runIdsOf(jobId);
  return runIdsOf(jobId, { ...idsOfHandle(upstream), ...result });
}

function idsOfHandle(handle: UpstreamHandle | undefined): Partial<WorkflowResult> {
  const { task_id, run_id, conversation_id, message_id } = handle ?? {};
  return {
    ...(task_id !== undefined && { task_id }),
    ...(run_id !== undefined && { workflow_run_id: run_id }),
    ...(conversation_id !== undefined && { conversation_id }),
    ...(message_id !== undefined && { message_id }),
  };
}
