import type { Lane, Unit } from '@sluice/config';

const tokenUnits: readonly Unit[] = ['tokens', 'inputTokens', 'outputTokens'];

/** Whether the lane, or the share of a tenant in it, has a limit on tokens: only then are they counted before a call. */
export function countsTokens({ buckets, perTenant }: Pick<Lane, 'buckets' | 'perTenant'>): boolean {
  return [...buckets, ...(perTenant?.buckets ?? [])].some(({ unit }) => tokenUnits.includes(unit));
}
