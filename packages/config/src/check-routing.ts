import { checkChoice } from './check-choice.ts';
import { checkReference, ways } from './check-reference.ts';
import { isShortAlias } from './config-file.ts';
import type { PathProblem } from './interpolate.ts';
import { asMapping, ownValue, type Mapping } from './mapping.ts';
import type { Path } from './path.ts';
import { targetListsOf } from './target-lists.ts';

/**
 * What the schema cannot see of how models name each other: names that point to nothing, to a model of another type or
 * back to themselves, and rules that can never work. It reads the data before validation and skips what is malformed.
 */
export function checkRouting(data: unknown): PathProblem[] {
  const models = asMapping(asMapping(data)['models']);
  return Object.keys(models).flatMap((name) => checkModel(name, models));
}

function checkModel(name: string, models: Mapping): PathProblem[] {
  const path = ['models', name];
  const given = models[name];
  const alias = typeof given === 'string' && isShortAlias(given) ? given : undefined;
  if (alias !== undefined) return checkAlias(path, { name, alias, type: 'chat' }, models);
  if (typeof given === 'string') return [];
  const model = asMapping(given);
  const type = model['type'] ?? 'chat';
  const targets = targetListsOf(path, model).flatMap((list) =>
    list.targets.flatMap((target, index) => {
      const owner = list.path.at(-1) === 'targets' ? name : undefined;
      return checkTarget([...list.path, index], { name: owner, target, type }, models);
    }),
  );
  return [
    ...checkWays(path, model),
    ...targets,
    ...checkChoice(path, model, models),
    ...checkEmbeddingModel(path, model, models),
  ];
}

function checkEmbeddingModel(path: Path, model: Mapping, models: Mapping): PathProblem[] {
  const to = asMapping(asMapping(model['cache'])['semantic'])['embeddingModel'];
  const at = [...path, 'cache', 'semantic', 'embeddingModel'];
  return checkReference({ path: at, to, type: 'embedding', needs: 'targets' }, models);
}

/** What belongs to a model with targets of its own. */
const ofTargets = ['price', 'limits', 'retry', 'cache', 'dropParams', 'fallback'].concat([
  'contextWindow',
  'maxOutputTokens',
  'tools',
  'vision',
]);

function checkWays(path: Path, model: Mapping): PathProblem[] {
  const given = ways.filter((way) => model[way] !== undefined);
  const [first, second] = given;
  if (first === undefined) {
    return [{ path: [...path, 'targets'], message: 'is missing; or else a router, or a split' }];
  }
  if (second !== undefined) {
    return [{ path, message: `has ${first} and ${second}; keep one of them` }];
  }
  if (first === 'targets') return [];
  const misplaced = ofTargets.filter((key) => model[key] !== undefined);
  return misplaced.map((key) => ({
    path: [...path, key],
    message: `belongs to the models that the ${first} chooses from`,
  }));
}

interface TargetPlace {
  /** The model whose own target it is; `undefined` for one of a fallback, which may lead back. */
  name: string | undefined;
  target: unknown;
  type: unknown;
}

function checkTarget(
  path: Path,
  { name, target, type }: TargetPlace,
  models: Mapping,
): PathProblem[] {
  if (typeof target === 'string') {
    return isShortAlias(target) ? checkAlias(path, { name, alias: target, type }, models) : [];
  }
  const { alias, provider, model, ...rest } = asMapping(target);
  if (alias === undefined) {
    const missing = Object.entries({ provider, model }).filter(([, value]) => value === undefined);
    return missing.map(([key]) => ({
      path: [...path, key],
      message: 'is missing; must be text',
    }));
  }
  const others = Object.keys({ ...(provider !== undefined && { provider }), ...rest });
  const misplaced = [...others, ...(model === undefined ? [] : ['model'])]
    .filter((key) => key !== 'retry')
    .map((key) => ({ path: [...path, key], message: 'belongs to the model that alias names' }));
  const at = [...path, 'alias'];
  return typeof alias === 'string'
    ? [...misplaced, ...checkAlias(at, { name, alias, type }, models)]
    : misplaced;
}

function checkAlias(
  path: Path,
  { name, alias, type }: { name: string | undefined; alias: string; type: unknown },
  models: Mapping,
): PathProblem[] {
  const problems = checkReference({ path, to: alias, type, needs: 'targets' }, models);
  if (problems.length > 0 || name === undefined) return problems;
  const way = findWay(alias, name, models);
  if (!way) return [];
  const shown = [name, ...way].join(' → ');
  return [{ path, message: `leads back to "${name}": ${shown}` }];
}

/** The names from one model to another by their aliases, both included; `undefined` where there is no way. */
function findWay(
  from: string,
  to: string,
  models: Mapping,
  seen: ReadonlySet<string> = new Set(),
): string[] | undefined {
  if (from === to) return [to];
  if (seen.has(from)) return undefined;
  for (const next of aliasesOf(ownValue(models, from))) {
    const rest = findWay(next, to, models, new Set([...seen, from]));
    if (rest) return [from, ...rest];
  }
  return undefined;
}

function aliasesOf(model: unknown): string[] {
  const { targets } = typeof model === 'string' ? { targets: [model] } : asMapping(model);
  const list: unknown[] = Array.isArray(targets) ? targets : [];
  return list.flatMap((target) => {
    const alias = typeof target === 'string' ? target : asMapping(target)['alias'];
    return typeof alias === 'string' && isShortAlias(alias) ? [alias] : [];
  });
}
