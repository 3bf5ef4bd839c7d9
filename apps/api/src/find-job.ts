import type { Request } from 'express';

import { SluiceError } from '@sluice/contracts';
import type { JobWithoutInput } from '@sluice/records';

import type { ApiDeps } from './deps.ts';

/** The job id in the path. */
export function jobIdOf(request: Request): string {
  return String(request.params['id']);
}

/**
 * The tenant's job. Another tenant's is as absent as one that never was.
 * @throws SluiceError `not_found`.
 */
export async function findJob(
  jobId: string,
  tenantId: string,
  { records }: Pick<ApiDeps, 'records'>,
): Promise<JobWithoutInput> {
  return ownJob(jobId, tenantId, await records.readWithoutInput(jobId));
}

/** @throws SluiceError `not_found` when there is no such job or it belongs to another tenant. */
export function ownJob(
  jobId: string,
  tenantId: string,
  job: JobWithoutInput | undefined,
): JobWithoutInput {
  if (job?.tenantId === tenantId) return job;
  const shown = jobId.length > 80 ? `${jobId.slice(0, 80)}…` : jobId;
  throw new SluiceError(
    'not_found',
    `there is no job "${shown}"; ended jobs are erased after a while`,
    {
      param: 'id',
    },
  );
}
