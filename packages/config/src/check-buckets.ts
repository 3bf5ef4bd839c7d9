import type { Unit } from './config.ts';
import type { PathProblem } from './interpolate.ts';
import { asMapping, type Mapping } from './mapping.ts';
import { formatPath, type Path } from './path.ts';

/** What the limits with names of their own count: the unit and the window in seconds. */
const namedLimits: Readonly<Record<string, readonly [unit: Unit, windowSeconds: number]>> = {
  requestsPerSecond: ['requests', 1],
  requestsPerMinute: ['requests', 60],
  requestsPerDay: ['requests', 86_400],
  tokensPerMinute: ['tokens', 60],
  inputTokensPerMinute: ['inputTokens', 60],
  outputTokensPerMinute: ['outputTokens', 60],
};

/**
 * Two limits of one lane that count the same unit in the same window: they would share one count, and one of them would
 * hold for nothing. It reads the data before validation and skips what is malformed.
 */
export function checkBuckets(data: unknown): PathProblem[] {
  const file = asMapping(data);
  return ['providers', 'models', 'apps'].flatMap((section) =>
    Object.entries(asMapping(file[section])).flatMap(([name, owner]) => {
      const limits = asMapping(asMapping(owner)['limits']);
      const path = [section, name, 'limits'];
      return [
        ...checkCounts(path, limits),
        ...checkCounts([...path, 'perTenant'], asMapping(limits['perTenant'])),
      ];
    }),
  );
}

function checkCounts(path: Path, counts: Mapping): PathProblem[] {
  const owners = new Map<string, Path>();
  for (const [field, [unit, windowSeconds]] of Object.entries(namedLimits)) {
    if (counts[field] !== undefined) owners.set(keyOf(unit, windowSeconds), [...path, field]);
  }
  const buckets = counts['buckets'];
  if (!Array.isArray(buckets)) return [];
  return buckets.flatMap((value: unknown, index): PathProblem[] => {
    const { unit, windowSeconds } = asMapping(value);
    const at = [...path, 'buckets', index];
    const key = keyOf(unit, Number(windowSeconds));
    const owner = owners.get(key);
    owners.set(key, owner ?? at);
    if (!owner) return [];
    const same = `counts the same unit in the same window as ${formatPath(owner)}`;
    return [{ path: at, message: `${same}; keep one of them` }];
  });
}

function keyOf(unit: unknown, windowSeconds: number): string {
  return `${String(unit)} ${Math.round(windowSeconds * 1_000)}`;
}
