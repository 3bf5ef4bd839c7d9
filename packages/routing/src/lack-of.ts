import type { RouteTarget } from '@sluice/config';
import type { RunInput } from '@sluice/contracts';

import { bringsImages, bringsTools } from './brought.ts';

/** In words what a job needs and a target is known not to have; `undefined` where it can take it, or nobody knows. */
export function lackOf(input: RunInput, { facts }: Pick<RouteTarget, 'facts'>): string | undefined {
  if (facts.tools === false && bringsTools(input)) return 'calls no tools';
  if (facts.vision === false && bringsImages(input)) return 'reads no images';
  return undefined;
}
