import type { Run } from '../runs/run.ts';
import { describeForm } from './describe-form.ts';
import { describePause } from './describe-run.ts';
import type { WorkflowNode } from './nodes.ts';

/** Pauses a run at a node until its form is submitted or it is stopped. */
export async function pauseForInput(run: Run, node: WorkflowNode): Promise<void> {
  run.form = { formToken: `form-${run.id}`, nodeId: node.id, nodeTitle: node.title };
  run.publish('human_input_required', { data: describeForm(run) });
  run.status = 'paused';
  run.publish('workflow_paused', { data: describePause(run) });
  await run.waitForResume();
  run.status = 'running';
}
