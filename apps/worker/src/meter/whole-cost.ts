import type { CostUsd, JobRecord } from '@sluice/contracts';
import { roundCost, sumCosts } from '@sluice/metering';

/** What all calls of a job cost, with the `last` one: an attempt that failed may have cost something too. */
export function wholeCost({ attempts }: Pick<JobRecord, 'attempts'>, last: CostUsd): CostUsd {
  if (attempts.length === 0) return roundCost(last);
  return sumCosts([...attempts.map(({ cost_usd: cost }) => cost ?? '0'), last]);
}
