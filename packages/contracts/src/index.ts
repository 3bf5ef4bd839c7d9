export { batchInput, maxInlineBatchRequests } from './batch.ts';
export type { BatchInput, BatchItem, BatchRequest, BatchResult } from './batch.ts';
export { chatInput } from './chat.ts';
export type { ChatInput, ChatMessage, ReasoningPart } from './chat.ts';
export { answersOf, saysSomething } from './chat-result.ts';
export type {
  Annotation,
  AnswerImage,
  ChatAnswer,
  ChatResult,
  FinishReason,
  Logprobs,
  SpokenAudio,
  TokenLogprob,
  ToolCall,
} from './chat-result.ts';
export { delivery } from './delivery.ts';
export type { Delivery, Notice } from './delivery.ts';
export { embeddingInput, listEmbeddingTexts } from './embedding.ts';
export type { Embedding, EmbeddingInput, EmbeddingResult, EmbeddingTexts } from './embedding.ts';
export { errorCodes, SluiceError } from './errors.ts';
export type { ErrorCode, ErrorData, SluiceErrorOptions } from './errors.ts';
export {
  batchEndpoints,
  batchPhases,
  createBatch,
  nativeWindowMs,
  windowMs,
} from './file-batch.ts';
export type {
  BatchEndpoint,
  BatchPhase,
  BatchStatus,
  BatchSums,
  BatchView,
  CreateBatch,
  FileBatchInput,
  FileBatchProgress,
  FileBatchResult,
  LineProblem,
  NativePart,
} from './file-batch.ts';
export { jobMetadata } from './job-metadata.ts';
export { expiresAfter, fileLife, filePurposes } from './file.ts';
export type { FilePurpose, FileView } from './file.ts';
export {
  cancelChannel,
  heartbeat,
  heartbeatKey,
  heartbeatTtlMs,
  workerIdsKey,
} from './heartbeat.ts';
export type { Heartbeat } from './heartbeat.ts';
export { budget, budgetShares, setBudget } from './budget.ts';
export type { Budget, BudgetPeriodView, BudgetView, SetBudget } from './budget.ts';
export {
  cacheModes,
  cacheRequest,
  cacheStrategies,
  invalidateCache,
  maxCacheSeconds,
} from './cache.ts';
export type { CacheChoice, CacheInfo, CacheMode, CacheStrategy, InvalidateCache } from './cache.ts';
export { batchIdOf, childJobId } from './job-id.ts';
export { laneControlRequests, laneControls, limitOverrides } from './lane-controls.ts';
export type { LaneControls, LimitOverrides } from './lane-controls.ts';
export { splitControlRequests } from './split-controls.ts';
export { isTerminal, jobStates, terminalStates } from './job-state.ts';
export type { JobState, TerminalState } from './job-state.ts';
export { calleeWords, callTypes, jobTypes, modelTypes } from './job-type.ts';
export type { CallType, JobType, ModelType } from './job-type.ts';
export type { LedgerEntry, LedgerOutcome, PlacedEntry, Saved } from './ledger.ts';
export { jobWebhook, maxDelaySeconds, priorities, submitJob } from './job.ts';
export type {
  Attempt,
  JobResult,
  JobView,
  JobWebhook,
  Priority,
  SubmitJob,
  SubmitJobInput,
  EarlierTry,
  TimelineEvent,
  WaitingOn,
} from './job.ts';
export { fallback } from './fallback.ts';
export { name } from './name.ts';
export type { AskedAs, CutCall, KeepAs, LedFlight, Outcome } from './outcome.ts';
export { jobPhases, type JobPhase } from './job-phase.ts';
export type { JobEnding, JobRecord, JobRequest, JobTimes, Move, Routing } from './record.ts';
export {
  changeTenant,
  createApiKey,
  createTenant,
  defaultTenantId,
  rotateApiKey,
  scopes,
  tenantId,
} from './tenant.ts';
export type {
  ApiKeyView,
  ChangeTenant,
  CreateApiKey,
  CreateTenant,
  RotateApiKey,
  Scope,
  TenantCaps,
  TenantLoad,
  TenantView,
} from './tenant.ts';
export { rerankInput, textOfDocument } from './rerank.ts';
export type { RankedDocument, RerankDocument, RerankInput, RerankResult } from './rerank.ts';
export { errorCodeNames, retryJobs } from './retry-jobs.ts';
export type { RetryJobs } from './retry-jobs.ts';
export { maxRawBytes } from './raw-reply.ts';
export type { RawReply } from './raw-reply.ts';
export {
  jobIdOfResponse,
  liveResponseStatus,
  responseEventTypes,
  responseIdOf,
  responseStatusOf,
} from './response.ts';
export type { ResponseEvent, ResponseEventType, ResponseFacts } from './response.ts';
export { restOf } from './rest-of-answer.ts';
export { publicName } from './run.ts';
export type { RunInput, RunResult } from './run.ts';
export { deltaOfResult, joinDeltas } from './text-delta.ts';
export type { AlternativeDelta, AnswerDelta, TextDelta, ToolCallDelta } from './text-delta.ts';
export { ticket } from './ticket.ts';
export type { HeldTicket, Ticket } from './ticket.ts';
export { maxAudioBytes, transcriptionInput } from './transcription.ts';
export type {
  TranscriptionInput,
  TranscriptionResult,
  TranscriptSegment,
  TranscriptWord,
} from './transcription.ts';
export type { CostUsd, Usage } from './usage.ts';
export {
  changeEndpoint,
  createEndpoint,
  deliveryStates,
  matchesEvent,
  eventTypes,
  noticeTypes,
  redeliverSince,
  registerEndpoint,
  rotateSecret,
} from './webhook-endpoint.ts';
export type {
  ChangeEndpoint,
  CreateEndpoint,
  CreateEndpointInput,
  DeliveryAttemptView,
  DeliveryState,
  DeliveryDetailView,
  DeliveryView,
  DisabledReason,
  EndpointView,
  NoticeType,
  RedeliverSince,
  RegisterEndpoint,
  RotateSecret,
} from './webhook-endpoint.ts';
export type { BudgetEventData, NoticeEvent, OutboxEntry, WebhookEvent } from './webhook-event.ts';
export type { CompletedJob, WireStream } from './wire-stream.ts';
export { appKinds, resumeJob, workflowFile, workflowInput } from './workflow.ts';
export type {
  AgentThought,
  AppKind,
  FormAnswer,
  HumanInputForm,
  ResumeJob,
  UpstreamHandle,
  WorkflowFile,
  WorkflowInput,
  WorkflowResult,
} from './workflow.ts';
