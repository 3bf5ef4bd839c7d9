import type { Outcome, SluiceError } from '@sluice/contracts';
import { mayFallBack, nextTarget } from '@sluice/routing';

import type { Plan } from './plan-job.ts';
import { claimOf } from './claim-of.ts';

/** What becomes of a job whose target cannot be called: the next target's turn if that may help, else the job's end. */
export function passOn({ record, route }: Plan, error: SluiceError): Outcome {
  const targetIndex = record.targetIndex + 1;
  if (mayFallBack(error) && nextTarget(route, record.targetIndex)) {
    return { kind: 'fallback', targetIndex, claim: claimOf(record) };
  }
  return { kind: 'ended', ending: { state: 'failed', error: error.toJSON() } };
}
