import type { Route, RouteTarget } from '@sluice/config';
import { SluiceError, type JobRecord, type Outcome } from '@sluice/contracts';
import type { LaneInForce } from '@sluice/limits';
import type { AudioFile } from '@sluice/providers';
import { itineraryOf, type Itinerary } from '@sluice/routing';

import type { CacheUse } from '../cache/cache-use.ts';
import { callTypeOf } from './call-type.ts';
import type { RunJobDeps } from '../run-job-deps.ts';

/** Where a job goes now. */
export interface Plan {
  kind: 'possible';
  record: JobRecord;
  /** The model that was chosen for it. */
  route: Route;
  /** Where the job may go; `target` is its place there. */
  itinerary: Itinerary;
  target: RouteTarget;
  lane: LaneInForce;
  /** Of a transcription, once it is loaded. */
  audio?: AudioFile;
  /** What the cache does for it, once it was asked. */
  cached?: CacheUse;
}

/** The current target of the job. A model that has left the configuration since the job was accepted fails it. */
export function planJob(
  record: JobRecord,
  { config, laneBook }: Pick<RunJobDeps, 'config' | 'laneBook'>,
): Plan | { kind: 'impossible'; outcome: Outcome } {
  try {
    const itinerary = itineraryOf(config, { ...record, type: callTypeOf(record.type) });
    const { route, steps } = itinerary;
    const { target } = steps[record.targetIndex] ?? steps[0];
    const lane = laneBook.lane(target.lane);
    if (!lane) throw new SluiceError('internal_error', `no lane ${target.lane} is configured`);
    return { kind: 'possible', record, route, itinerary, target, lane };
  } catch (thrown) {
    const error = SluiceError.from(thrown).toJSON();
    return { kind: 'impossible', outcome: { kind: 'ended', ending: { state: 'failed', error } } };
  }
}
