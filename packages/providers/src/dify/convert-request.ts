import type { AppKind } from '@sluice/contracts';

import type { WorkflowCall } from '../adapter.ts';

/** What the target's app is; a target without one is a workflow. */
export function kindOf({ target }: Pick<WorkflowCall, 'target'>): AppKind {
  return target.app?.kind ?? 'workflow';
}

/**
 * The body of a run, always streamed: a blocking one is cut after 100 s on Dify Cloud, and only a stream tells ids, price
 * and progress. A completion app reads its question from the inputs.
 */
export function convertRequest(call: WorkflowCall): Record<string, unknown> {
  const { inputs, query, conversation_id: conversationId, files } = call.input;
  const { auto_generate_name: autoName } = call.input;
  const kind = kindOf(call);
  const isChat = kind === 'chat' || kind === 'chatflow' || kind === 'agent';
  return {
    inputs: kind === 'completion' && query !== undefined ? { query, ...inputs } : inputs,
    ...(isChat && { query }),
    ...(isChat && conversationId !== undefined && { conversation_id: conversationId }),
    ...(isChat && autoName !== undefined && { auto_generate_name: autoName }),
    ...(files && { files }),
    user: userOf(call),
    response_mode: 'streaming',
  };
}

/** Dify demands a user: runs, conversations and files are visible to the same one only. */
export function userOf({ input, user, jobId }: WorkflowCall): string {
  return input.user ?? user ?? jobId;
}

/** Whether no other job has the same user, so that a run of the user is this job's run. */
export function hasOwnUser(call: WorkflowCall): boolean {
  return userOf(call) === call.jobId;
}
