import { findKind, kindFacts, type KindOption } from './adapter-kinds.ts';
import type { PathProblem } from './interpolate.ts';
import { asMapping, ownValue, type Mapping } from './mapping.ts';
import { suggestName } from './nearest-name.ts';
import type { Path } from './path.ts';
import { targetListsOf } from './target-lists.ts';

/**
 * What the schema cannot see of providers because it depends on their kind: a missing base URL where the kind has no usual
 * one, and options that the kind does not have or that say what they cannot, also those of targets. It reads the data before validation and skips what is malformed.
 */
export function checkProviders(data: unknown): PathProblem[] {
  const file = asMapping(data);
  const providers = asMapping(file['providers']);
  const targetProblems = Object.entries(asMapping(file['models'])).flatMap(([name, model]) =>
    checkTargets(name, asMapping(model), providers),
  );
  const problems = Object.entries(providers).flatMap(([name, value]) => {
    const provider = asMapping(value);
    const { kind } = provider;
    if (typeof kind !== 'string' || !findKind(kind)) return [];
    const options = asMapping(provider['options']);
    return [
      ...checkBaseUrl(name, kind, provider),
      ...checkOptions(['providers', name, 'options'], kind, options),
    ];
  });
  return [...problems, ...targetProblems];
}

function checkBaseUrl(name: string, kind: string, provider: Mapping): PathProblem[] {
  if (provider['baseUrl'] !== undefined || kindFacts(kind).baseUrl !== undefined) return [];
  const path = ['providers', name, 'baseUrl'];
  return [{ path, message: `is missing; kind ${kind} has no usual one` }];
}

/** Options of a target, which stand over those of its provider. */
function checkTargets(name: string, model: Mapping, providers: Mapping): PathProblem[] {
  return targetListsOf(['models', name], model).flatMap(({ path, targets }) =>
    targets.flatMap((value, index) => {
      const { provider, options } = asMapping(value);
      const owner = typeof provider === 'string' ? ownValue(providers, provider) : undefined;
      const { kind } = asMapping(owner);
      if (typeof kind !== 'string' || !findKind(kind)) return [];
      return checkOptions([...path, index, 'options'], kind, asMapping(options));
    }),
  );
}

function checkOptions(path: Path, kind: string, options: Mapping): PathProblem[] {
  const known = kindFacts(kind).options;
  return Object.entries(options).flatMap(([key, value]) => {
    const message = problemOf(key, value, { kind, known });
    return message === undefined ? [] : [{ path: [...path, key], message }];
  });
}

function problemOf(
  key: string,
  value: unknown,
  { kind, known }: { kind: string; known: Readonly<Record<string, KindOption>> },
): string | undefined {
  if (!Object.hasOwn(known, key)) {
    const names = Object.keys(known);
    const hint = names.length === 0 ? 'it has none' : suggestName(key, names);
    return `kind ${kind} has no such option; ${hint}`;
  }
  const { pattern, words } = known[key] ?? {};
  const isText = typeof value === 'string' || typeof value === 'number';
  if (pattern === undefined || !isText || new RegExp(pattern).test(String(value))) return undefined;
  return `must be ${words}; got "${value}"`;
}
