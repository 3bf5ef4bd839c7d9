export type {
  ChatCall,
  ChatReply,
  EmbeddingCall,
  EmbeddingReply,
  ProviderAdapter,
  UpstreamCall,
  WorkflowCall,
  WorkflowProgress,
  WorkflowReply,
} from './adapter.ts';
export { adapterKinds, createAdapters } from './registry.ts';
