import type { Run } from '../runs/run.ts';
import { describeForm } from './describe-form.ts';

/** The run as `workflow_finished` and the blocking answer tell it. */
export function describeRun(run: Run): object {
  const { created, finished } = run.times;
  return {
    id: run.id,
    workflow_id: run.request.app.workflowId,
    status: run.status,
    outputs: run.outputs ?? {},
    error: run.error,
    elapsed_time: run.elapsedSeconds,
    total_tokens: run.totalTokens,
    total_steps: run.steps,
    created_by: { id: run.request.user, user: run.request.user },
    created_at: created,
    finished_at: finished,
    exceptions_count: run.exceptions,
    files: [],
  };
}

/** The run as `workflow_paused` and the blocking answer of a paused run tell it. */
export function describePause(run: Run): object {
  const { nodeId } = run.form ?? {};
  return {
    workflow_run_id: run.id,
    paused_nodes: [nodeId],
    outputs: run.outputs ?? {},
    reasons: [{ type: 'human_input_required', ...describeForm(run) }],
    status: 'paused',
    created_at: run.times.created,
    elapsed_time: run.elapsedSeconds,
    total_tokens: run.totalTokens,
    total_steps: run.steps,
  };
}

/** The run as `GET /workflows/run/:id` tells it: the inputs are JSON in a string. */
export function describeDetail(run: Run): object {
  const { created, finished } = run.times;
  return {
    id: run.id,
    workflow_id: run.request.app.workflowId,
    status: run.status,
    inputs: JSON.stringify(run.request.inputs),
    outputs: run.outputs,
    error: run.error,
    total_steps: run.steps,
    total_tokens: run.totalTokens,
    created_at: created,
    finished_at: finished,
    elapsed_time: run.endedAt === undefined ? 0 : run.elapsedSeconds,
  };
}
