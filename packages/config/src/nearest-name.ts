import { closest, distance } from 'fastest-levenshtein';

/**
 * The known name that the given one was most likely meant to be; `undefined` where none is near (more than a third of
 * its characters would have to change). Upper and lower case count as equal.
 */
export function nearestName(given: string, known: readonly string[]): string | undefined {
  if (known.length === 0) return undefined;
  const lower = given.toLowerCase();
  const byLower = new Map(known.map((name) => [name.toLowerCase(), name]));
  const candidate = closest(lower, [...byLower.keys()]);
  const allowed = Math.max(1, Math.floor(Math.max(lower.length, candidate.length) / 3));
  return distance(lower, candidate) <= allowed ? byLower.get(candidate) : undefined;
}

/** `did you mean "x"?`, or the known names where none is near. */
export function suggestName(given: string, known: readonly string[]): string {
  const near = nearestName(given, known);
  if (near !== undefined) return `did you mean "${near}"?`;
  if (known.length === 0) return 'none is defined';
  const shown = known.slice(0, 10).join(', ');
  return `known: ${shown}${known.length > 10 ? ', …' : ''}`;
}
