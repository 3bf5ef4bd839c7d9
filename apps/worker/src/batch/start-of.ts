import type { JobRequest, Routing, RunInput } from '@sluice/contracts';
import { routeJob, type Start } from '@sluice/routing';

import { callTypeOf } from '../begin/call-type.ts';
import type { RunJobDeps } from '../run-job-deps.ts';

/** Children wait as long as the batch does: only what was chosen for each matters, not what is closed now. */
export function startOf(
  child: Omit<JobRequest, 'lane'>,
  fallback: Routing['fallback'],
  { config, splits }: Pick<RunJobDeps, 'config' | 'splits'>,
): Start {
  // A batch's requests are of any other type, with an input of that type.
  const input = child.input as RunInput;
  const job = { ...child, input, type: callTypeOf(child.type), fallback };
  return routeJob(config, job, { splits, objectionTo: () => undefined });
}
