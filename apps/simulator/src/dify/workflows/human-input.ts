import type { Run } from '../runs/run.ts';
import { describePause } from './describe-run.ts';
import type { WorkflowNode } from './nodes.ts';

const FORM_TTL_SECONDS = 86_400;

/** Pauses a run at a node until its form is submitted or it is stopped. */
export async function pauseForInput(run: Run, node: WorkflowNode): Promise<void> {
  run.form = { formToken: `form-${run.id}`, nodeId: node.id, nodeTitle: node.title };
  run.publish('human_input_required', { data: describeForm(run) });
  run.status = 'paused';
  run.publish('workflow_paused', { data: describePause(run) });
  await run.waitForResume();
  run.status = 'running';
}

/** The form a paused run waits for. */
export function describeForm(run: Run): object {
  const { formToken, nodeId, nodeTitle } = run.form ?? {};
  return {
    form_id: run.id,
    form_token: formToken,
    node_id: nodeId,
    node_title: nodeTitle,
    form_content: 'Please approve the text.',
    inputs: [],
    actions: [{ id: 'approve', title: 'Approve', button_style: 'primary' }],
    display_in_ui: false,
    resolved_default_values: {},
    expiration_time: run.times.now + FORM_TTL_SECONDS,
  };
}
