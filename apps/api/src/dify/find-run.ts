import { SluiceError, type JobRecord } from '@sluice/contracts';

import type { ApiDeps } from '../deps.ts';
import { familyOfApp, type Family } from './choose-app.ts';

/**
 * The tenant's job by Dify's id of its task or run, or by its own. Another tenant's is as absent as one that never was, and so
 * is that of an app of another family.
 * @throws SluiceError `not_found`.
 */
export async function findRun(
  id: string,
  { tenantId, families }: { tenantId: string; families: readonly Family[] },
  { records, config }: Pick<ApiDeps, 'records' | 'config'>,
): Promise<JobRecord> {
  const jobId = id.startsWith('job_') ? id : await records.jobOfUpstream(id);
  const job = jobId === undefined ? undefined : await records.read(jobId);
  if (job?.tenantId === tenantId && job.type === 'workflow') {
    const family = familyOfApp(job.model, { routes: config.routes });
    if (family === undefined || families.includes(family)) return job;
  }
  const message = `there is no run "${id.slice(0, 80)}"; ended ones are erased after a while`;
  throw new SluiceError('not_found', message, { param: 'id' });
}
