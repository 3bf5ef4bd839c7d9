import { defaultBaseUrls, isAdapterKind, kindOptions, type AdapterKind } from './adapter-kinds.ts';
import type { PathProblem } from './interpolate.ts';
import { asMapping, type Mapping } from './mapping.ts';
import { suggestName } from './nearest-name.ts';

/**
 * What the schema cannot see of providers because it depends on their kind: a missing base URL where the kind has no usual
 * one, and options that the kind does not have. It reads the data before validation and skips what is malformed.
 */
export function checkProviders(data: unknown): PathProblem[] {
  const providers = Object.entries(asMapping(asMapping(data)['providers']));
  return providers.flatMap(([name, value]) => {
    const provider = asMapping(value);
    const { kind } = provider;
    if (typeof kind !== 'string' || !isAdapterKind(kind)) return [];
    return [...checkBaseUrl(name, kind, provider), ...checkOptions(name, kind, provider)];
  });
}

function checkBaseUrl(name: string, kind: AdapterKind, provider: Mapping): PathProblem[] {
  if (provider['baseUrl'] !== undefined || defaultBaseUrls[kind] !== undefined) return [];
  const path = ['providers', name, 'baseUrl'];
  return [{ path, message: `is missing; kind ${kind} has no usual one` }];
}

function checkOptions(name: string, kind: AdapterKind, provider: Mapping): PathProblem[] {
  const known = Object.keys(kindOptions[kind]);
  const unknown = Object.keys(asMapping(provider['options'])).filter((key) => !known.includes(key));
  return unknown.map((key) => {
    const hint = known.length === 0 ? 'it has none' : suggestName(key, known);
    return {
      path: ['providers', name, 'options', key],
      message: `kind ${kind} has no such option; ${hint}`,
    };
  });
}
