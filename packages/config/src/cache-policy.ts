import type { CacheMode, CacheStrategy } from '@sluice/contracts';

/** How replies of a model or an app are cached. */
export interface CachePolicy {
  /** How long a reply answers equal requests. */
  ttlMs: number;
  /** What a job gets that does not say. */
  mode: CacheMode;
  strategy: CacheStrategy;
  /** Who finds a reply: the jobs of the tenant that paid for it, or those of every tenant. */
  scope: 'tenant' | 'shared';
  /** Part of every key: another one leaves all earlier replies behind at once. Empty where nothing is said. */
  version: string;
  /** Replies of this model that a scope keeps; the least recently used go first. */
  maxEntries: number;
  /** How long after its `ttlMs` a reply still answers while another is fetched. */
  staleWhileRevalidateMs: number;
  /** How long after its `ttlMs` a reply still answers a job whose own call has failed. */
  staleIfErrorMs: number;
  /** Whether replies are kept that were drawn with a temperature and no seed. */
  sampled: boolean;
  /** Whether replies are kept that were cut off by a limit of tokens. */
  truncated: boolean;
  /** Whether equal jobs that are under way share one call. */
  singleFlight: boolean;
  semantic: SemanticPolicy;
}

export interface SemanticPolicy {
  /** Cosine similarity from which on two questions are taken for the same, above 0, at most 1. */
  threshold: number;
  /** A model of type `embedding`; without it questions are compared by their words, in the worker. */
  embeddingModel: string | undefined;
}
