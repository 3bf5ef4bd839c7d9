import {
  SluiceError,
  type ChatInput,
  type EmbeddingInput,
  type RerankInput,
  type WorkflowInput,
} from '@sluice/contracts';
import type { Permit } from '@sluice/limits';
import type {
  ChatReply,
  EmbeddingReply,
  RerankReply,
  UpstreamCall,
  WorkflowCall,
  WorkflowPause,
  WorkflowReply,
} from '@sluice/providers';

import { callTypeOf } from './call-type.ts';
import type { HandleKeeper } from './keep-handles.ts';
import type { Plan } from './plan-job.ts';
import type { RunJobDeps } from './run-job-deps.ts';

/** What a call is made with: the leave to make it, the place of its handle, what ends it. */
interface CallMeans {
  permit: Permit;
  handles: HandleKeeper;
  signal: AbortSignal;
}

/**
 * Hands the job to the adapter of its target, in the form of its type.
 * @throws SluiceError what the adapter throws; `internal_error` for an adapter that does not run this type.
 */
export async function callAdapter(
  plan: Plan,
  { permit, handles, signal }: CallMeans,
  deps: RunJobDeps,
): Promise<ChatReply | EmbeddingReply | RerankReply | WorkflowPause | WorkflowReply> {
  const { record, target } = plan;
  const adapter = deps.adapterFor(target.provider.kind);
  // A lane without windows has nothing to be late for.
  const sendByMs = plan.lane.buckets.length > 0 ? permit.sendByMs : undefined;
  const call = { target, jobId: record.jobId, user: record.user, signal, sendByMs };
  // The record's type says which input it holds; zod checked it at accept.
  switch (callTypeOf(record.type)) {
    case 'chat':
      if (!adapter.chat) throw cannot(plan);
      return await adapter.chat({ ...call, input: record.input as ChatInput });
    case 'embedding':
      if (!adapter.embed) throw cannot(plan);
      return await adapter.embed({ ...call, input: record.input as EmbeddingInput });
    case 'rerank':
      if (!adapter.rerank) throw cannot(plan);
      return await adapter.rerank({ ...call, input: record.input as RerankInput });
    case 'workflow':
      if (!adapter.workflow) throw cannot(plan);
      return await adapter.workflow({
        ...workflowCall(plan, call, deps),
        keepHandle: handles.keep,
      });
  }
}

function workflowCall(
  { record }: Plan,
  call: UpstreamCall,
  deps: RunJobDeps,
): Omit<WorkflowCall, 'keepHandle'> {
  return {
    ...call,
    input: record.input as WorkflowInput,
    resume: record.upstream,
    formAnswer: record.answer,
    onProgress: ({ type, data }) => {
      void deps.records.appendEvent(record.jobId, type, data).catch((error: unknown) => {
        deps.log.warn({ err: error, jobId: record.jobId }, 'a progress event was not stored');
      });
    },
  };
}

function cannot({ record, target }: Plan): SluiceError {
  return new SluiceError(
    'internal_error',
    `provider ${target.provider.name} (${target.provider.kind}) runs no job of type ${record.type}`,
    { retryable: false },
  );
}
