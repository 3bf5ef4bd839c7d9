import { calleeWords, modelTypes, type ModelType } from '@sluice/contracts';

import type { PathProblem } from './interpolate.ts';
import { asMapping, type Mapping } from './mapping.ts';
import type { Path } from './path.ts';
import { targetListsOf } from './target-lists.ts';

/** The prices that say what a call of each type costs: all of one of the sets. */
const sufficient: Readonly<Record<ModelType, readonly string[][]>> = {
  chat: [['inputPerMillion', 'outputPerMillion']],
  embedding: [['inputPerMillion']],
  rerank: [['inputPerMillion'], ['perThousandSearchUnits']],
  transcription: [['perMinute'], ['inputPerMillion', 'outputPerMillion']],
};

/**
 * Prices that say too little for the type of their model: its cost would be too low. It reads the data before validation
 * and skips what is malformed.
 */
export function checkPrices(data: unknown): PathProblem[] {
  const models = Object.entries(asMapping(asMapping(data)['models']));
  return models.flatMap(([name, value]) => {
    const model = asMapping(value);
    const type = modelTypes.find((known) => known === (model['type'] ?? 'chat'));
    if (type === undefined) return [];
    const path = ['models', name];
    const lists = targetListsOf(path, model).flatMap((list) =>
      list.targets.flatMap((target, i) => checkPrice([...list.path, i], type, asMapping(target))),
    );
    return [...checkPrice(path, type, model), ...lists];
  });
}

function checkPrice(path: Path, type: ModelType, owner: Mapping): PathProblem[] {
  if (owner['price'] === undefined) return [];
  const price = asMapping(owner['price']);
  const sets = sufficient[type];
  if (sets.some((names) => names.every((name) => price[name] !== undefined))) return [];
  const [first = [], ...others] = sets;
  const missing = first.find((name) => price[name] === undefined) ?? '';
  const or = others.map((names) => `, or else ${names.join(' and ')}`).join('');
  const message = `is missing; ${calleeWords[type]} needs ${first.join(' and ')}${or}`;
  return [{ path: [...path, 'price', missing], message }];
}
