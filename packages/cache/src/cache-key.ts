import { hash } from 'node:crypto';

import type { Target } from '@sluice/config';
import type { CacheStrategy, CallType, JobRecord } from '@sluice/contracts';

import { canonicalJson } from './canonical-json.ts';
import { normalizeInput } from './normalize-input.ts';

/** Changes whenever equal requests would get another key, or a reply another shape: old replies are then never found. */
const keyVersion = 'v4';

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
  const { type, input, strategy = 'exact' } = parts;
  if (strategy === 'exact') return digest(identityOf(parts), hashOf(input));
  return digest(identityOf(parts), 'normalized', canonicalJson(normalizeInput(type, input)));
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
  return digest(...ways, hashOf(parts.input));
}

/** Who answers, and how, as JSON: all of the key but the question. */
export function identityOf({
  type,
  name,
  target,
  user,
  includeRaw,
  version,
}: Omit<CacheKeyParts, 'input'>): string {
  const own = type === 'workflow' ? { app: target.apiKeys[0], user } : { model: target.model };
  const asked = canonicalJson({ type, name, own, includeRaw, version: version || undefined });
  return `[${asked},${upstreamOf(target)}]`;
}

/** One text has one digest, and other texts others: JSON has no line ends. */
export function digest(...texts: readonly string[]): string {
  return `${keyVersion}:${hash('sha256', texts.join('\n'))}`;
}

/**
 * Of targets, which live as long as their configuration, and of inputs, which nobody changes: each is asked for several times.
 * Of an input its hash alone, because an input may be large.
 */
const texts = new WeakMap<object, string>();

function upstreamOf(target: Target): string {
  const { provider, dropParams, omitParams } = target;
  return remember(target, () => {
    const { name, baseUrl, headers, kind, options } = provider;
    return canonicalJson({
      provider: name,
      baseUrl,
      headers,
      kind,
      options,
      dropParams,
      omitParams,
    });
  });
}

function hashOf(input: JobRecord['input']): string {
  return remember(input, () => hash('sha256', canonicalJson(input)));
}

function remember(of: object, make: () => string): string {
  const known = texts.get(of);
  if (known !== undefined) return known;
  const made = make();
  texts.set(of, made);
  return made;
}
