import type { Clock } from '../clock.ts';
import type { Lookup, ResolvedAddress } from './guarded-connector.ts';

/**
 * Asks for a name once in `ttlMs`, and once for all who ask at the same time; Node asks the system anew for every
 * connection, on one of its four threads for files. A failed answer is not kept.
 */
export function cacheLookup(
  lookup: Lookup,
  { clock, ttlMs }: { clock: Clock; ttlMs: number },
): Lookup {
  const known = new Map<
    string,
    { untilMs: number; answers: Promise<readonly ResolvedAddress[]> }
  >();
  return async (hostname) => {
    const nowMs = clock.now();
    const kept = known.get(hostname);
    if (kept && nowMs < kept.untilMs) return await kept.answers;
    const answers = lookup(hostname);
    const entry = { untilMs: nowMs + ttlMs, answers };
    known.set(hostname, entry);
    try {
      return await answers;
    } catch (error) {
      if (known.get(hostname) === entry) known.delete(hostname);
      throw error;
    }
  };
}
