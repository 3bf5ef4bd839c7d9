import { policyOfTtl, type CachePolicy, type Route } from '@sluice/config';
import type { CacheMode, JobRequest } from '@sluice/contracts';

import { sharedScope } from './keys.ts';

/** What the cache does for one job: its own word over its model's. */
export interface EffectivePolicy extends CachePolicy {
  mode: CacheMode;
  /** Whose replies it finds, and who finds its own. */
  owner: string;
  maxAgeMs: number;
  tags: readonly string[];
}

type Asking = Pick<JobRequest, 'tenantId' | 'type' | 'input' | 'sessionId'> &
  Partial<Pick<JobRequest, 'cacheMode' | 'cacheChoice'>>;

/**
 * What the cache does for a job, first match wins:
 *
 * | the job                                                                    | policy                          |
 * |----------------------------------------------------------------------------|---------------------------------|
 * | is a batch                                                                 | none                            |
 * | its model has no `cache` and the job names no `ttl_seconds`                | none                            |
 * | goes on with a conversation that Dify keeps                                | `bypass`: it cannot be seen here |
 * | has a temperature above 0 and no seed, and nobody said `sampled`           | `bypass`                        |
 * | any other                                                                  | its own mode, else its model's  |
 */
export function policyFor(route: Pick<Route, 'cache'>, job: Asking): EffectivePolicy | undefined {
  const { cacheChoice: choice = {}, tenantId } = job;
  const ownTtl = choice.ttlMs === undefined ? undefined : policyOfTtl(choice.ttlMs);
  const policy = route.cache ?? ownTtl;
  if (!policy || job.type === 'batch') return undefined;
  const asked =
    job.cacheMode === undefined || job.cacheMode === 'default' ? policy.mode : job.cacheMode;
  const sampled = choice.sampled ?? policy.sampled;
  const isOff = isTalk(job) || (!sampled && isSampled(job));
  const { threshold = policy.semantic.threshold } = choice;
  return {
    ...policy,
    ttlMs: choice.ttlMs ?? policy.ttlMs,
    strategy: choice.strategy ?? policy.strategy,
    semantic: { ...policy.semantic, threshold },
    sampled,
    mode: isOff && asked !== 'only' ? 'bypass' : asked,
    owner: policy.scope === 'shared' ? sharedScope : tenantId,
    maxAgeMs: choice.maxAgeMs ?? Infinity,
    tags: choice.tags ?? [],
  };
}

/** What was said before is upstream: an equal request may mean something else there. */
function isTalk({ type, input, sessionId }: Asking): boolean {
  if ('conversation_id' in input) return true;
  return type === 'workflow' && sessionId !== undefined;
}

/** Each call draws another reply, and the client says so itself. */
function isSampled({ type, input }: Asking): boolean {
  if (type !== 'chat') return false;
  // The type says which input it is.
  const { temperature, seed } = input as { temperature?: number; seed?: number };
  return temperature !== undefined && temperature > 0 && seed === undefined;
}
