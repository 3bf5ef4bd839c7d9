import {
  SluiceError,
  type ChatInput,
  type EmbeddingInput,
  type RerankInput,
  type TranscriptionInput,
  type WorkflowInput,
} from '@sluice/contracts';
import type { Provider, RouteTarget } from '@sluice/config';
import type { Permit } from '@sluice/limits';
import type {
  ChatReply,
  EmbeddingReply,
  OnRaw,
  RerankReply,
  SendBy,
  Spent,
  TranscriptionReply,
  UpstreamCall,
  WorkflowCall,
  WorkflowPause,
  WorkflowReply,
} from '@sluice/providers';

import type { AnswerStream } from './answer-stream.ts';
import { callTypeOf } from '../begin/call-type.ts';
import { endUserOf } from './end-user.ts';
import type { HandleKeeper } from './keep-handles.ts';
import { openUploadedFile } from './open-uploaded-file.ts';
import { omitParams } from './omit-params.ts';
import type { Plan } from '../begin/plan-job.ts';
import type { RunJobDeps } from '../run-job-deps.ts';
import { sessionOf } from './session-of.ts';

/** What a call is made with: the leave to make it, the place of its handle, what ends it. */
interface CallMeans {
  permit: Permit;
  handles: HandleKeeper;
  answer: AnswerStream;
  signal: AbortSignal;
  /** Told what the upstream answered. */
  onRaw: OnRaw;
  /** Told what a run has taken so far. */
  onSpent: (spent: Spent) => void;
}

type AdapterReply =
  | ChatReply
  | EmbeddingReply
  | RerankReply
  | TranscriptionReply
  | WorkflowPause
  | WorkflowReply;

/**
 * Hands the job to the adapter of its target, in the form of its type.
 * @throws SluiceError what the adapter throws; `internal_error` for an adapter that does not run this type.
 */
export async function callAdapter(
  plan: Plan,
  means: CallMeans,
  deps: RunJobDeps,
): Promise<AdapterReply> {
  const { record, target } = plan;
  const adapter = deps.adapterFor(target.provider.kind);
  const call = callOf(plan, means, deps);
  const input = omitParams(record, target);
  const told = listenerOf(means.answer);
  // The record's type says which input it holds; zod checked it at accept.
  switch (callTypeOf(record.type)) {
    case 'chat':
      if (!adapter.chat) throw cannot(plan);
      return await adapter.chat({ ...call, input: input as ChatInput, ...told });
    case 'embedding':
      if (!adapter.embed) throw cannot(plan);
      return await adapter.embed({ ...call, input: input as EmbeddingInput });
    case 'rerank':
      if (!adapter.rerank) throw cannot(plan);
      return await adapter.rerank({ ...call, input: input as RerankInput });
    case 'transcription': {
      const { audio } = plan;
      if (!adapter.transcribe || !audio) throw cannot(plan);
      return await adapter.transcribe({ ...call, input: input as TranscriptionInput, audio });
    }
    case 'workflow':
      return await runApp(plan, { call, means }, deps);
  }
}

async function runApp(
  plan: Plan,
  { call, means }: { call: UpstreamCall; means: CallMeans },
  deps: RunJobDeps,
): Promise<AdapterReply> {
  const { workflow } = deps.adapterFor(plan.target.provider.kind);
  if (!workflow) throw cannot(plan);
  const app = await workflowCall(plan, call, deps);
  return await inSession(plan, deps, (input) =>
    workflow({
      ...app,
      input,
      keepHandle: means.handles.keep,
      onSpent: means.onSpent,
      ...listenerOf(means.answer),
    }),
  );
}

function callOf(
  { record, target }: Plan,
  { permit, signal, onRaw }: CallMeans,
  deps: RunJobDeps,
): UpstreamCall {
  const { timeouts } = record;
  return {
    target: timeouts ? withTimeouts(target, timeouts) : target,
    jobId: record.jobId,
    user: target.omitParams?.includes('user') ? undefined : record.user,
    signal,
    sendBy: sendByOf(permit, deps),
    ...(record.includeRaw && { onRaw }),
  };
}

/** A lane without windows has nothing to be late for. */
function sendByOf(
  permit: Permit,
  { limits, log }: Pick<RunJobDeps, 'limits' | 'log'>,
): SendBy | undefined {
  if (permit.buckets.length === 0) return undefined;
  return {
    ms: permit.sendByMs,
    onLate: () => {
      limits.recharge(permit).catch((error: unknown) => {
        log.warn({ err: error, lane: permit.lane }, 'a call that left late was not charged anew');
      });
    },
  };
}

function withTimeouts(target: RouteTarget, timeouts: Partial<Provider['timeouts']>): RouteTarget {
  const { provider } = target;
  return {
    ...target,
    provider: { ...provider, timeouts: { ...provider.timeouts, ...timeouts } },
  };
}

function listenerOf(answer: AnswerStream): Required<Pick<WorkflowCall, 'onDelta' | 'onReplace'>> {
  return {
    onDelta: (delta) => answer.add(delta),
    onReplace: (delta) => answer.replace(delta),
  };
}

/**
 * Runs an app with the conversation of the job's session. One that the app does not know any more is forgotten: the next
 * attempt begins another.
 */
async function inSession<Reply>(
  plan: Plan,
  { records }: Pick<RunJobDeps, 'records'>,
  run: (input: WorkflowInput) => Promise<Reply>,
): Promise<Reply> {
  const { record } = plan;
  const { user: _user, ...input } = record.input as WorkflowInput;
  const session = record.upstream?.run_id ? undefined : sessionOf(plan);
  const conversation = session && (await records.conversation(session));
  if (!session || conversation === undefined) return await run(input);
  try {
    return await run({ ...input, conversation_id: conversation });
  } catch (error) {
    if (!(error instanceof SluiceError) || error.code !== 'upstream_not_found') throw error;
    await records.forgetConversation({ tenantId: session.tenantId, id: conversation });
    throw new SluiceError(error.code, error.message, { retryable: true, cause: error });
  }
}

async function workflowCall(
  { record }: Plan,
  call: UpstreamCall,
  deps: RunJobDeps,
): Promise<Omit<WorkflowCall, 'input' | 'keepHandle' | 'onDelta' | 'onReplace' | 'onSpent'>> {
  const user = await endUserOf(record, deps);
  return {
    ...call,
    user,
    resume: record.upstream,
    formAnswer: record.answer,
    openFile: (fileId) => openUploadedFile(fileId, record.tenantId, deps),
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
