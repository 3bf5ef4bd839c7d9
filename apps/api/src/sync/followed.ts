import type { JobWithoutInput } from '@sluice/records';

import type { ApiDeps } from '../deps.ts';
import { endedHeaders } from '../view/ended-headers.ts';
import { jobView } from '../view/job-view.ts';
import type { KeepAlive } from './keep-alive.ts';
import type { WireFormat } from './wire-format.ts';

/** A job that a client waits for. */
export interface Followed {
  jobId: string;
  /** It was accepted just now and has not ended with that. */
  isNew: boolean;
  format: WireFormat;
  keepAlive: KeepAlive;
  timeoutSeconds?: number | undefined;
  /** Aborts when nobody waits any more: the client has gone or the process stops. */
  gone: AbortSignal;
}

/** What the head of an answer tells of the ended job. */
export function headersOfJob(
  job: JobWithoutInput,
  { config }: Pick<ApiDeps, 'config'>,
): Record<string, string> {
  const view = jobView(job, config.jobs);
  return {
    'X-Sluice-Job-Id': job.jobId,
    ...endedHeaders(view),
    ...(view.cache && { 'X-Sluice-Cache': view.cache.status }),
    ...(view.model_used !== undefined && { 'X-Sluice-Model-Used': view.model_used }),
  };
}
