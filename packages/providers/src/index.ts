export type {
  AppCall,
  AudioFile,
  ChatCall,
  EmbeddingCall,
  ProviderAdapter,
  RerankCall,
  Spent,
  TranscriptionCall,
  UploadedFile,
  UpstreamCall,
  WorkflowCall,
  WorkflowProgress,
  StopCall,
  WorkflowPause,
  WorkflowReply,
} from './adapter.ts';
export type { ChatReply, EmbeddingReply, RerankReply, TranscriptionReply } from './replies.ts';
export type { SendBy } from './call-hooks.ts';
export type {
  BatchApi,
  BatchBody,
  BatchCall,
  BatchedRequest,
  VendorBatch,
  VendorResult,
} from './batch/batch-api.ts';
export { checkKeys } from './check-keys.ts';
export type { KeyCheck, KeyState } from './check-keys.ts';
export type { ListedModel, ModelListCall, ModelPage } from './http/account.ts';
export type { OnRaw } from './http/keep-raw.ts';
export type { RemainingReport } from './http/remaining.ts';
export { createHttpClient } from './http/http-client.ts';
export type { ConnectionOptions, HttpClient, OnRemaining } from './http/http-client.ts';
export { warmUp } from './http/warm-up.ts';
export { adapterKinds, createAdapters } from './registry.ts';
