import { jobIdOfResponse, SluiceError, type JobRecord } from '@sluice/contracts';

import type { ApiDeps } from '../deps.ts';

/**
 * The tenant's response with its request. Another tenant's is as absent as one that never was, and so is a job that was not
 * made as a response.
 * @throws SluiceError `not_found`.
 */
export async function findResponse(
  id: string,
  tenantId: string,
  { records }: Pick<ApiDeps, 'records'>,
): Promise<JobRecord> {
  const job = await records.read(jobIdOfResponse(id));
  if (job?.tenantId === tenantId && job.response) return job;
  const message = `there is no response "${id.slice(0, 80)}"; ended ones are erased after a while`;
  throw new SluiceError('not_found', message, { param: 'id' });
}

/**
 * The response that another one goes on from.
 * @throws SluiceError `invalid_request` where there is none of that id, or it has no answer (yet).
 */
export async function findPrevious(
  id: string | undefined,
  tenantId: string,
  deps: Pick<ApiDeps, 'records'>,
): Promise<JobRecord | undefined> {
  if (id === undefined) return undefined;
  const param = 'previous_response_id';
  const found = await findResponse(id, tenantId, deps).catch((error: unknown) => {
    if (error instanceof SluiceError && error.code === 'not_found') {
      throw new SluiceError('invalid_request', `${param}: ${error.message}`, { param });
    }
    throw error;
  });
  if (found.state === 'completed') return found;
  throw new SluiceError(
    'invalid_request',
    `${param}: this response is ${found.state}, it has no answer`,
    {
      param,
    },
  );
}
