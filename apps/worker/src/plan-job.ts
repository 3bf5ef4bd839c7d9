import type { Config, Lane, Route, Target } from '@sluice/config';
import { SluiceError, type JobRecord, type Outcome } from '@sluice/contracts';
import type { PermitAmounts } from '@sluice/limits';
import { resolveRoute } from '@sluice/routing';

import { callTypeOf } from './call-type.ts';
import { estimateAmounts } from './estimate-amounts.ts';

/** Where a job goes now and what its call will be charged. */
export interface Plan {
  kind: 'possible';
  record: JobRecord;
  route: Route;
  target: Target;
  lane: Lane;
  amounts: PermitAmounts;
}

/** The current target of the job. A model that has left the configuration since the job was accepted fails it. */
export function planJob(
  record: JobRecord,
  config: Config,
): Plan | { kind: 'impossible'; outcome: Outcome } {
  try {
    const route = resolveRoute(config, callTypeOf(record.type), record.model);
    const target = route.targets[record.targetIndex] ?? route.targets[0];
    const lane = config.lanes[target.lane];
    if (!lane) throw new SluiceError('internal_error', `no lane ${target.lane} is configured`);
    const amounts = estimateAmounts(record, lane);
    return { kind: 'possible', record, route, target, lane, amounts };
  } catch (thrown) {
    const error = SluiceError.from(thrown).toJSON();
    return { kind: 'impossible', outcome: { kind: 'ended', ending: { state: 'failed', error } } };
  }
}
