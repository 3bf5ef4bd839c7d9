import { calleeWords, modelTypes } from '@sluice/contracts';

import type { PathProblem } from './interpolate.ts';
import { asMapping, ownValue, type Mapping } from './mapping.ts';
import { suggestName } from './nearest-name.ts';
import type { Path } from './path.ts';

/** What a model gets its jobs done with: one of them. */
export const ways = ['targets', 'router', 'split'];

/** A model that another one names: where, and which it may be. */
export interface Reference {
  path: Path;
  /** As the file has it. */
  to: unknown;
  /** Types of the model that it may be. */
  type: unknown;
  /** What the model must have, for messages. */
  needs: 'targets' | 'targets or a split';
}

/** Whether a name points to a model of the right type that has what is needed. */
export function checkReference(
  { path, to, type, needs }: Reference,
  models: Mapping,
): PathProblem[] {
  if (typeof to !== 'string') return [];
  const found = ownValue(models, to);
  if (found === undefined) {
    return [{ path, message: `unknown model "${to}"; ${suggestName(to, Object.keys(models))}` }];
  }
  const model = asMapping(found);
  const way = ways.find((each) => model[each] !== undefined) ?? 'targets';
  if (!needs.includes(way)) {
    return [{ path, message: `model "${to}" has a ${way}; name one with ${needs}` }];
  }
  const given = typeof found === 'string' ? 'chat' : (model['type'] ?? 'chat');
  const known = modelTypes.find((each) => each === given);
  const wanted = modelTypes.find((each) => each === type);
  if (known === undefined || wanted === undefined || known === wanted) return [];
  return [{ path, message: `model "${to}" is ${calleeWords[known]}, not ${calleeWords[wanted]}` }];
}
