import type {
  ChatInput,
  EmbeddingInput,
  FormAnswer,
  HumanInputForm,
  RerankInput,
  TranscriptionInput,
  UpstreamHandle,
  Usage,
  WorkflowInput,
  WorkflowResult,
} from '@sluice/contracts';
import type { Target } from '@sluice/config';

import type { BatchApi } from './batch/batch-api.ts';
import type { OnDelta, SendBy } from './call-hooks.ts';
import type { OnRaw } from './http/keep-raw.ts';
import type { AccountCall, ModelListCall, ModelPage } from './http/account.ts';
import type { ChatReply, EmbeddingReply, RerankReply, TranscriptionReply } from './replies.ts';

/**
 * A provider adapter makes exactly one upstream call: no retry, no sleep, no Redis. It streams where the upstream can, so
 * that a stuck call is seen, and returns a whole reply. Every failure is thrown as a SluiceError whose `retryable` and
 * `retryAfterMs` say what the upstream said. When `signal` aborts, the socket is closed and the call rejects with the
 * signal's reason if that is a SluiceError, else with `cancelled`.
 */
export interface ProviderAdapter {
  chat?(call: ChatCall): Promise<ChatReply>;
  embed?(call: EmbeddingCall): Promise<EmbeddingReply>;
  rerank?(call: RerankCall): Promise<RerankReply>;
  transcribe?(call: TranscriptionCall): Promise<TranscriptionReply>;
  workflow?(call: WorkflowCall): Promise<WorkflowReply | WorkflowPause>;
  /**
   * Stops what was started upstream and is followed by nobody, and says what that had taken, as far as it can be known. Best
   * effort, a few seconds at most, never rejects.
   */
  stop?(call: StopCall): Promise<Spent>;
  /** Batches of the vendor's own. */
  batches?: BatchApi;
  /** One page of the models that a key may call. Costs nothing, so it also tells whether the key is accepted. */
  listModels?(call: ModelListCall): Promise<ModelPage>;
  /** A call about an app, its conversations or messages: what the upstream says, as it says it; `undefined` where that is nothing. */
  askApp?(call: AppCall): Promise<unknown>;
  /** Resolves when the key is accepted: another free call, of an upstream that lists no models. */
  checkCredentials?(call: AccountCall): Promise<void>;
}

export interface UpstreamCall {
  target: Target;
  jobId: string;
  /** The end user, as the client named them. */
  user: string | undefined;
  signal: AbortSignal;
  /** A call that starts something upstream must have left by then. Absent is no bound. */
  sendBy?: SendBy | undefined;
  /** Told what the upstream answered, as it came, where somebody asks for it. */
  onRaw?: OnRaw | undefined;
}

export interface ChatCall extends UpstreamCall {
  input: ChatInput;
  onDelta?: OnDelta | undefined;
}

export interface EmbeddingCall extends UpstreamCall {
  input: EmbeddingInput;
}

export interface RerankCall extends UpstreamCall {
  input: RerankInput;
}

/** A sound file, in memory. */
export interface AudioFile {
  bytes: Buffer;
  /** Its ending says the format. */
  filename: string;
  mediaType: string;
}

export interface TranscriptionCall extends UpstreamCall {
  input: TranscriptionInput;
  /** What `input.audio` holds or names. */
  audio: AudioFile;
}

/** A file of a client, in memory. */
export interface UploadedFile {
  bytes: Buffer;
  filename: string;
  mediaType: string | undefined;
}

export interface WorkflowCall extends UpstreamCall {
  input: WorkflowInput;
  /** What the record kept of an earlier call: attach to what it started, if that can be; never start a second run. */
  resume: UpstreamHandle | undefined;
  /** A file that was uploaded to Sluice; `undefined` where there is none of that id. Rejects for one that may not be sent. */
  openFile?(fileId: string): Promise<UploadedFile | undefined>;
  /** A person's answer that the run in `resume` goes on with. */
  formAnswer: FormAnswer | undefined;
  /**
   * What the record must keep to find the call again: before it is sent, when it has started; `undefined` when it is
   * certain that nothing was started. Awaited before anything else is done. Rejects if the job is over.
   */
  keepHandle(handle: UpstreamHandle | undefined): Promise<void>;
  /** As of a chat, for apps that answer with text. Only what this call has seen: one that attaches to a run has gaps. */
  onDelta?: OnDelta | undefined;
  /** The text so far counts no more, this stands in its place. Must not throw. */
  onReplace?: OnDelta | undefined;
  /** Told what the run has taken so far, each time that it is more. Must not throw. */
  onSpent?(spent: Spent): void;
  /** Called for each step of the run. Must not throw. */
  onProgress(event: WorkflowProgress): void;
}

/** What a run has taken, as far as the upstream has told it. */
export interface Spent {
  usage: Usage | undefined;
  /** US dollars; absent where the upstream gave no price. */
  costUsd: string | undefined;
}

/** One request of the upstream's own API. */
export interface AppCall extends AccountCall {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Appended to the base URL, with a slash in front. */
  path: string;
  query?: Record<string, string> | undefined;
  body?: Record<string, unknown> | undefined;
  /** How long the upstream may be silent. */
  withinMs: number;
}

/** What to stop. */
export interface StopCall {
  target: Target;
  jobId: string;
  handle: UpstreamHandle;
}

/** One step of a run, as an event of the job. Small: texts are cut to {@link maxProgressText}. */
export interface WorkflowProgress {
  /** Dify's name of the event: `workflow_started`, `node_started`, `iteration_next`, `agent_thought`, … */
  type: string;
  data: Record<string, unknown>;
}

/** Longest text in a progress event, in UTF-16 units. */
export const maxProgressText = 500;

/** The run asks a person and does nothing until it is answered. Its handle has the forms. */
export interface WorkflowPause {
  pause: { forms: HumanInputForm[] };
  upstreamRequestId: string | undefined;
}

export interface WorkflowReply {
  pause?: undefined;
  result: WorkflowResult;
  usage: Usage | undefined;
  /** US dollars, as Dify summed them up over its nodes; absent where it gave no price. */
  costUsd: string | undefined;
  upstreamRequestId: string | undefined;
}
