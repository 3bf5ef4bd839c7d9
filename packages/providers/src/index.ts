export type {
  ChatCall,
  ChatReply,
  ProviderAdapter,
  UpstreamCall,
  WorkflowCall,
  WorkflowProgress,
  WorkflowReply,
} from './adapter.ts';
export { adapterKinds, createAdapters } from './registry.ts';
