import type { Run } from '../runs/run.ts';

const FORM_TTL_SECONDS = 86_400;

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
