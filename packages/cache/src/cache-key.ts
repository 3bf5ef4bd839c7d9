import { createHash } from 'node:crypto';

import type { Target } from '@sluice/config';
import type { CacheStrategy, CallType, JobRecord } from '@sluice/contracts';

import { canonicalJson } from './canonical-json.ts';
import { normalizeInput } from './normalize-input.ts';

/** Changes whenever equal requests would get another key, or a reply another shape: old replies are then never found. */
const keyVersion = 'v2';

/** Everything that may change the reply to a request, but for who may find it: that is the scope. */
export interface CacheKeyParts {
  type: CallType;
  /** Public name of the model or app. */
  name: string;
  target: Target;
  input: JobRecord['input'];
  /** Part of a workflow's key only: Dify keeps files and conversations apart by user. */
  user?: string | undefined;
  /** Whether the result has the upstream's own words too. */
  includeRaw?: true | undefined;
  /** What the configuration calls the present state of the model or app. */
  version?: string | undefined;
  /** `semantic` asks for the key of `normalized`: that it looks for first. */
  strategy?: CacheStrategy | undefined;
}

/**
 * The name of a request's reply in its scope: equal for requests that mean the same (key order and absent fields do not
 * count), different for any other. A model's target is known by provider, address and model, so a new key for the same
 * account still hits. A Dify app is known by nothing but its key, so there the first key counts: after it changes, the
 * results of another app must not be found.
 */
export function cacheKey(parts: CacheKeyParts): string {
  const { input, strategy = 'exact' } = parts;
  if (strategy === 'exact') return digest({ ...identityOf(parts), input });
  return digest({ ...identityOf(parts), normalized: normalizeInput(parts.type, input) });
}

/**
 * The name of a flight: jobs that would be sent the same ways with the same request, wherever they are on these ways now.
 * A leader that falls back takes its followers along.
 */
export function flightKey(
  parts: Omit<CacheKeyParts, 'target'>,
  targets: readonly Target[],
): string {
  const ways = targets.map((target) => identityOf({ ...parts, target }));
  return digest({ ways, input: parts.input });
}

/** Who answers, and how: all of the key but the question. */
export function identityOf({
  type,
  name,
  target,
  user,
  includeRaw,
  version,
}: Omit<CacheKeyParts, 'input'>) {
  const { provider, model, apiKeys, dropParams, omitParams } = target;
  const upstream = {
    provider: provider.name,
    baseUrl: provider.baseUrl,
    headers: provider.headers,
    kind: provider.kind,
    options: provider.options,
    dropParams,
    omitParams,
  };
  const own = type === 'workflow' ? { app: apiKeys[0], user } : { model };
  return { type, name, upstream, own, includeRaw, version: version || undefined };
}

export function digest(value: unknown): string {
  const hash = createHash('sha256').update(canonicalJson(value)).digest('hex');
  return `${keyVersion}:${hash}`;
}
