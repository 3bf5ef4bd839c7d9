import { maskKey } from '@sluice/config';
import { SluiceError, type Outcome } from '@sluice/contracts';
import type { Parking } from '@sluice/limits';

import { passOn } from '../outcome/move-on.ts';
import type { Plan } from '../begin/plan-job.ts';
import type { RunJobDeps } from '../run-job-deps.ts';

/**
 * The plan with the API key to call with. Where every key of the target is parked it goes to the next target, and without
 * one fails as the upstream refused the key that comes back first. A run that an earlier attempt started is attached to
 * with a key all the same: it is paid for.
 */
export async function chooseKey(
  plan: Plan,
  deps: Pick<RunJobDeps, 'parkedKeys'>,
): Promise<Plan | { kind: 'impossible'; outcome: Outcome }> {
  const { record, target } = plan;
  const choice = await deps.parkedKeys.choose(target);
  if (choice.kind === 'key') return { ...plan, target: { ...target, apiKey: choice.apiKey } };
  if (record.upstream !== undefined) return plan;
  return { kind: 'impossible', outcome: passOn(plan, allParked(plan, choice.parkings)) };
}

function allParked({ target }: Plan, parkings: readonly Parking[]): SluiceError {
  const soonest = parkings.toSorted((one, other) => one.untilMs - other.untilMs)[0];
  const keys = target.apiKeys.map(maskKey).join(', ');
  const until = new Date(soonest?.untilMs ?? 0).toISOString();
  const message = `every API key of ${target.provider.name} (${keys}) is parked until ${until} or longer: ${soonest?.reason ?? ''}`;
  return new SluiceError(soonest?.code ?? 'upstream_auth', message, { retryable: false });
}
