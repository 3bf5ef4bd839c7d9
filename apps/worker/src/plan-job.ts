import type { Route, Target } from '@sluice/config';
import { SluiceError, type JobRecord, type Outcome } from '@sluice/contracts';
import type { LaneInForce } from '@sluice/limits';
import type { AudioFile } from '@sluice/providers';
import { resolveRoute } from '@sluice/routing';

import { callTypeOf } from './call-type.ts';
import type { RunJobDeps } from './run-job-deps.ts';

/** Where a job goes now. */
export interface Plan {
  kind: 'possible';
  record: JobRecord;
  route: Route;
  target: Target;
  lane: LaneInForce;
  /** Of a transcription, once it is loaded. */
  audio?: AudioFile;
}

/** The current target of the job. A model that has left the configuration since the job was accepted fails it. */
export function planJob(
  record: JobRecord,
  { config, laneBook }: Pick<RunJobDeps, 'config' | 'laneBook'>,
): Plan | { kind: 'impossible'; outcome: Outcome } {
  try {
    const route = resolveRoute(config, callTypeOf(record.type), record.model);
    const target = route.targets[record.targetIndex] ?? route.targets[0];
    const lane = laneBook.lane(target.lane);
    if (!lane) throw new SluiceError('internal_error', `no lane ${target.lane} is configured`);
    return { kind: 'possible', record, route, target, lane };
  } catch (thrown) {
    const error = SluiceError.from(thrown).toJSON();
    return { kind: 'impossible', outcome: { kind: 'ended', ending: { state: 'failed', error } } };
  }
}
