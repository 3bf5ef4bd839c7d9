import { createHash } from 'node:crypto';

import type { Target } from '@sluice/config';
import type { CallType, JobRecord } from '@sluice/contracts';

import { canonicalJson } from './canonical-json.ts';

/** Changes whenever equal requests would get another key, or an entry another shape: old entries are then never found. */
const version = 'v1';

/** Everything that may change the reply to a request. */
export interface CacheKeyParts {
  tenantId: string;
  type: CallType;
  /** Public name of the model or app. */
  name: string;
  target: Target;
  input: JobRecord['input'];
  /** Part of a workflow's key only: Dify keeps files and conversations apart by user. */
  user?: string | undefined;
  /** Whether the result has the upstream's own words too. */
  includeRaw?: true | undefined;
}

/**
 * The name of a request's result in the cache: equal for requests that mean the same (key order and absent fields do not
 * count), different for any other, and never shared between tenants. A model's target is known by provider, address and
 * model, so a new key for the same account still hits. A Dify app is known by nothing but its key, so there the first
 * key counts: after it changes, the results of another app must not be found.
 */
export function cacheKey({
  tenantId,
  type,
  name,
  target,
  input,
  user,
  includeRaw,
}: CacheKeyParts): string {
  const { provider, model, apiKeys, dropParams, omitParams } = target;
  const own = type === 'workflow' ? { app: apiKeys[0], user } : { model };
  const upstream = {
    provider: provider.name,
    baseUrl: provider.baseUrl,
    headers: provider.headers,
    kind: provider.kind,
    options: provider.options,
    dropParams,
    omitParams,
  };
  const text = canonicalJson({ tenantId, type, name, upstream, own, input, includeRaw });
  return `${version}:${createHash('sha256').update(text).digest('hex')}`;
}
