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
  WorkflowReply,
} from './adapter.ts';
export { adapterKinds, createAdapters } from './registry.ts';
