import type { LineFormat } from '@sluice/batches';
import { dropNulls, parseWireBody } from '@sluice/config';
import { name, workflowInput, type JobRecord, type WorkflowResult } from '@sluice/contracts';
import { z } from 'zod';

/** Dify's, with the app's name: at Dify the key says which it is. */
const workflowBody = z.strictObject({
  app: name,
  ...workflowInput.shape,
  response_mode: z.enum(['blocking', 'streaming']).optional(),
});

/** @see https://docs.dify.ai/api-reference/workflow-execution/execute-workflow */
export const workflowLines: LineFormat = {
  toRequest(body) {
    const { app, response_mode: _mode, ...input } = parseWireBody(dropNulls(body), workflowBody);
    return { request: { type: 'workflow', app, input }, fields: [['input.', '']] };
  },
  toReply(job) {
    const { result } = job;
    if (result?.type !== 'workflow') throw new TypeError(`a ${result?.type} is no run`);
    return result.answer === undefined ? runOf(result, job) : messageOf(result, job);
  },
};

function runOf(result: WorkflowResult, job: JobRecord) {
  const { task_id: taskId, workflow_run_id: runId, status, outputs, error } = result;
  return {
    task_id: taskId ?? null,
    workflow_run_id: runId ?? null,
    data: {
      id: runId ?? null,
      status,
      outputs,
      error,
      elapsed_time: result.elapsed_time ?? null,
      total_tokens: result.total_tokens ?? 0,
      total_steps: result.total_steps ?? null,
      created_at: Math.floor((job.startedAtMs ?? job.createdAtMs) / 1_000),
      finished_at: Math.floor((job.endedAtMs ?? job.createdAtMs) / 1_000),
    },
  };
}

/** The answer of an app that is no workflow. @see https://docs.dify.ai/api-reference/chat/send-chat-message */
function messageOf(result: WorkflowResult, job: JobRecord) {
  const { task_id: taskId, message_id: messageId, conversation_id: conversationId } = result;
  return {
    event: 'message',
    task_id: taskId ?? null,
    message_id: messageId ?? null,
    conversation_id: conversationId ?? null,
    answer: result.answer,
    metadata: result.metadata ?? {},
    created_at: Math.floor((job.endedAtMs ?? job.createdAtMs) / 1_000),
  };
}
