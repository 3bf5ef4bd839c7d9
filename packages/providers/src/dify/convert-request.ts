import type { WorkflowCall } from '../adapter.ts';

/**
 * The body of a run, always streamed: a blocking one is cut after 100 s on Dify Cloud, and only a stream tells run id and
 * price.
 */
export function convertRequest(call: WorkflowCall): Record<string, unknown> {
  const { inputs, files } = call.input;
  return {
    inputs,
    ...(files && { files }),
    user: userOf(call),
    response_mode: 'streaming',
  };
}

/** Dify demands a user: runs and files are visible to the same one only. */
export function userOf({ user, jobId }: WorkflowCall): string {
  return user ?? jobId;
}
