import type { RouteTarget } from '@sluice/config';
import type { ChatInput } from '@sluice/contracts';

import { digest, identityOf } from '../cache-key.ts';
import { canonicalJson } from '../canonical-json.ts';
import type { Placing } from '../place.ts';
import type { NearGroup } from './near-index.ts';
import { questionOf } from './question.ts';

/** A question that may be answered by the reply to a similar one. */
export interface Asked {
  group: NearGroup;
  text: string;
  /** What embeds it; its vectors are not comparable with others'. */
  embeddingModel: string | undefined;
}

/** `undefined` for a job that asks nothing in words of its own, or does not say `semantic`. */
export function askedBy({ policy, route, job }: Placing, target: RouteTarget): Asked | undefined {
  if (policy.strategy !== 'semantic' || job.type !== 'chat') return undefined;
  // The type says which input it is.
  const question = questionOf(job.input as ChatInput);
  if (!question) return undefined;
  const { embeddingModel } = policy.semantic;
  const { version } = policy;
  const { type, user, includeRaw } = job;
  const identity = identityOf({ type, name: route.name, target, user, includeRaw, version });
  const frame = digest(identity, canonicalJson(question.frame), embeddingModel ?? 'local');
  return { group: { scope: policy.owner, frame }, text: question.text, embeddingModel };
}
