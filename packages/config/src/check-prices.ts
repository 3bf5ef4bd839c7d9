import type { PathProblem } from './interpolate.ts';
import { asMapping, type Mapping } from './mapping.ts';
import type { Path } from './path.ts';

/**
 * Prices without `outputPerMillion` where the model's type has output: their cost would be too low. It reads the data
 * before validation and skips what is malformed.
 */
export function checkPrices(data: unknown): PathProblem[] {
  const models = Object.entries(asMapping(asMapping(data)['models']));
  return models.flatMap(([name, value]) => {
    const model = asMapping(value);
    if ((model['type'] ?? 'chat') !== 'chat') return [];
    const targets: unknown = model['targets'];
    const list: unknown[] = Array.isArray(targets) ? targets : [];
    return [
      ...checkPrice(['models', name], model),
      ...list.flatMap((target, i) => checkPrice(['models', name, 'targets', i], asMapping(target))),
    ];
  });
}

function checkPrice(path: Path, owner: Mapping): PathProblem[] {
  const price = asMapping(owner['price']);
  if (owner['price'] === undefined || price['outputPerMillion'] !== undefined) return [];
  const message = 'is missing; a chat model has output';
  return [{ path: [...path, 'price', 'outputPerMillion'], message }];
}
