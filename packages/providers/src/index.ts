export type {
  ChatCall,
  ChatReply,
  EmbeddingCall,
  EmbeddingReply,
  ProviderAdapter,
  RerankCall,
  RerankReply,
  UpstreamCall,
  WorkflowCall,
  WorkflowProgress,
  StopCall,
  WorkflowPause,
  WorkflowReply,
} from './adapter.ts';
export { adapterKinds, createAdapters } from './registry.ts';
