import { calleeWords, modelTypes, type CallType } from '@sluice/contracts';

import { findKind, kindsFor } from './adapter-kinds.ts';
import { cleanApiKey } from './api-key.ts';
import { readShortTarget } from './config-file.ts';
import type { PathProblem } from './interpolate.ts';
import { asMapping, ownValue, type Mapping } from './mapping.ts';
import { suggestName } from './nearest-name.ts';
import type { Path } from './path.ts';
import { targetListsOf } from './target-lists.ts';

/**
 * What the schema cannot see: names that point to nothing, models and apps on a provider that does not run their type,
 * apps without a key. It reads the data before validation and skips what is malformed, so that these problems are
 * reported together with those of the schema.
 */
export function checkReferences(data: unknown): PathProblem[] {
  const file = asMapping(data);
  const providers = asMapping(file['providers']);
  const models = Object.entries(asMapping(file['models']));
  const apps = Object.entries(asMapping(file['apps']));
  const problems = [
    ...models.flatMap(([name, model]) => checkModel(['models', name], model, providers)),
    ...apps.flatMap(([name, app]) => checkApp(['apps', name], app, providers)),
    ...checkBudgets(asMapping(file['budgets'])['providers'], providers),
  ];
  if (models.length + apps.length > 0) return problems;
  return [
    { path: [], message: 'defines no models and no apps; at least one is needed' },
    ...problems,
  ];
}

function checkBudgets(budgets: unknown, providers: Mapping): PathProblem[] {
  const known = Object.keys(providers);
  return Object.keys(asMapping(budgets))
    .filter((name) => !known.includes(name))
    .map((name) => ({
      path: ['budgets', 'providers', name],
      message: `is no provider; ${suggestName(name, known)}`,
    }));
}

function checkModel(path: Path, model: unknown, providers: Mapping): PathProblem[] {
  if (typeof model === 'string') return checkShortTarget(path, model, 'chat', providers);
  const { type: given = 'chat' } = asMapping(model);
  const type = modelTypes.find((known) => known === given);
  if (type === undefined) return [];
  return targetListsOf(path, asMapping(model)).flatMap((list) =>
    list.targets.flatMap((target, index) => {
      const at = [...list.path, index];
      if (typeof target === 'string') return checkShortTarget(at, target, type, providers);
      return checkProvider([...at, 'provider'], asMapping(target)['provider'], type, providers);
    }),
  );
}

function checkShortTarget(
  path: Path,
  text: string,
  type: CallType,
  providers: Mapping,
): PathProblem[] {
  return checkProvider(path, readShortTarget(text)?.provider, type, providers);
}

function checkApp(path: Path, value: unknown, providers: Mapping): PathProblem[] {
  const app = asMapping(value);
  const targets = app['targets'];
  // What its arms are is checked in check-app-split.ts.
  if (app['split'] !== undefined) return [];
  if (!Array.isArray(targets)) {
    if (app['provider'] !== undefined) return checkAppTarget(path, app, providers);
    return [{ path, message: 'needs a provider and an apiKey, a list of targets, or a split' }];
  }
  const problems = targets.flatMap((target: unknown, index) =>
    checkAppTarget([...path, 'targets', index], asMapping(target), providers),
  );
  if (['provider', 'apiKey', 'apiKeys'].every((key) => app[key] === undefined)) return problems;
  const message = 'has targets, so provider and apiKey belong into each of them';
  return [{ path, message }, ...problems];
}

function checkAppTarget(path: Path, target: Mapping, providers: Mapping): PathProblem[] {
  const provider = target['provider'];
  const problems = checkProvider([...path, 'provider'], provider, 'workflow', providers);
  const owner = typeof provider === 'string' ? asMapping(ownValue(providers, provider)) : {};
  if (problems.length > 0 || hasKey(target) || hasKey(owner)) return problems;
  return [{ path: [...path, 'apiKey'], message: 'is missing; each Dify app has a key of its own' }];
}

/** Whether there is a key. A value of the wrong type counts: the schema speaks of that. */
function hasKey({ apiKey, apiKeys }: Mapping): boolean {
  const given: unknown[] = Array.isArray(apiKeys) ? [apiKey, ...apiKeys] : [apiKey, apiKeys];
  return given.some((key) =>
    typeof key === 'string' ? cleanApiKey(key) !== undefined : key !== undefined,
  );
}

function checkProvider(
  path: Path,
  name: unknown,
  type: CallType,
  providers: Mapping,
): PathProblem[] {
  if (typeof name !== 'string') return [];
  const provider = ownValue(providers, name);
  if (provider === undefined) {
    const hint = suggestName(name, Object.keys(providers));
    return [{ path, message: `unknown provider "${name}"; ${hint}` }];
  }
  const kind = asMapping(provider)['kind'];
  const kinds = kindsFor(type);
  if (typeof kind !== 'string' || !findKind(kind) || kinds.includes(kind)) return [];
  const message = `provider "${name}" is of kind ${kind}; ${calleeWords[type]} needs kind ${kinds.join(', ')}`;
  return [{ path, message }];
}
