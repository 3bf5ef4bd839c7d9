import { z } from 'zod';

/**
 * The `input` of a workflow job: the variables of a Dify app's start node.
 * @see https://docs.dify.ai/api-reference/workflow-execution/execute-workflow
 */
export const workflowInput = z.strictObject({
  inputs: z.record(z.string(), z.unknown()).default({}),
  files: z
    .array(
      z.strictObject({
        type: z.enum(['image', 'document', 'audio', 'video', 'custom']),
        transfer_method: z.enum(['remote_url', 'local_file']),
        url: z.string().optional(),
        upload_file_id: z.string().optional(),
      }),
    )
    .optional(),
});
export type WorkflowInput = z.infer<typeof workflowInput>;

/** The result of a workflow job; `status` and `outputs` are named as Dify names them. */
export interface WorkflowResult {
  type: 'workflow';
  status: 'succeeded' | 'partial-succeeded' | 'failed' | 'stopped';
  outputs: Record<string, unknown>;
  error: string | null;
  workflow_run_id: string;
  task_id: string;
  elapsed_seconds?: number;
  total_steps?: number;
}

/** What an upstream gave to find a running call again after a crash. */
export interface UpstreamHandle {
  provider: string;
  run_id: string;
  task_id: string;
  user: string;
}
