import type { JobRecord } from '@sluice/contracts';
import type { Target } from '@sluice/config';

/** The job's input without the parameters that the target's configuration always leaves out. */
export function omitParams(
  { input }: Pick<JobRecord, 'input'>,
  { omitParams: names = [] }: Pick<Target, 'omitParams'>,
): JobRecord['input'] {
  if (names.length === 0) return input;
  const kept = Object.entries(input).filter(([name]) => !names.includes(name));
  // The same input: only optional fields can be named.
  return Object.fromEntries(kept) as unknown as JobRecord['input'];
}
