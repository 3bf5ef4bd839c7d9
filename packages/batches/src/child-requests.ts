import {
  childJobId,
  publicName,
  type BatchInput,
  type BatchRequest,
  type JobRequest,
} from '@sluice/contracts';

/**
 * The jobs of a batch, one for each request, in input order. Their ids follow from the batch's, so making them again makes
 * the same ones. They have the batch's tenant, key, user, metadata, times and what it says of the cache, low priority, and no webhook: the batch tells
 * once. `start` says where each begins; what it throws is thrown.
 */
export function childRequests(batch: JobRequest, start: StartOf): JobRequest[] {
  // The batch's type says which input it holds; zod checked it at accept.
  const { requests } = batch.input as BatchInput;
  return requests.map((request, index) => {
    const place = { index, createdAtMs: batch.createdAtMs, ...customIdOf(request) };
    return childRequest(batch, request, place, start);
  });
}

/** Where a request stands in its batch, and when it became a job (epoch milliseconds). */
export interface ChildPlace extends Omit<NonNullable<JobRequest['batch']>, 'batchId'> {
  createdAtMs: number;
  response?: JobRequest['response'] | undefined;
}

/** The job of one request of a batch. */
export function childRequest(
  batch: Omit<JobRequest, 'input'>,
  request: BatchRequest,
  { createdAtMs, response, ...place }: ChildPlace,
  start: StartOf,
): JobRequest {
  const child = {
    jobId: childJobId(batch.jobId, place.index),
    tenantId: batch.tenantId,
    ...(batch.keyId !== undefined && { keyId: batch.keyId }),
    type: request.type,
    model: publicName(request),
    input: request.input,
    priority: 'low' as const,
    ...(batch.weight !== undefined && { weight: batch.weight }),
    createdAtMs,
    startByMs: batch.startByMs,
    deadlineMs: batch.deadlineMs,
    attemptTimeoutMs: batch.attemptTimeoutMs,
    ...(batch.timeouts && { timeouts: batch.timeouts }),
    cacheMode: batch.cacheMode,
    ...(batch.cacheChoice && { cacheChoice: batch.cacheChoice }),
    ...(batch.includeRaw && { includeRaw: true as const }),
    ...(batch.user !== undefined && { user: batch.user }),
    ...(batch.metadata && { metadata: batch.metadata }),
    ...(response && { response }),
    batch: { batchId: batch.jobId, ...place },
  };
  return { ...child, ...start(child, request.fallback) };
}

/** Says where a child begins; `fallback` is what its request allows in place of the configured ones. */
type StartOf = (child: Omit<JobRequest, 'lane'>, fallback: BatchRequest['fallback']) => Start;

/** Where a child begins. */
type Start = Pick<JobRequest, 'lane' | 'routing' | 'targetIndex' | 'moves'>;

function customIdOf({ custom_id: customId }: BatchRequest): { customId?: string } {
  return customId === undefined ? {} : { customId };
}
