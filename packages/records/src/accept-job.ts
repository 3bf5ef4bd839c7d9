import type { JobRequest } from '@sluice/contracts';
import { loadScript, type LuaPart } from '@sluice/runtime';

import type { RecordsContext } from './context.ts';
import { idempotencyDigest, shardOfDigest, type Idempotency } from './idempotency.ts';
import type { JobKeys } from './keys.ts';
import { nextCheckAt } from './next-check.ts';
import { sealRequest } from './seal-record.ts';

const acceptScript = loadScript(import.meta.url, 'accept-job', ['count-load'], { together: true });
const acceptChildScript = loadScript(import.meta.url, 'accept-child', ['count-load'], {
  together: true,
});

/** Children are sent to Redis in chunks of this size: enough to fill the pipe, too few to hold up others. */
const childrenPerChunk = 250;

export type AcceptReply =
  | { kind: 'created' }
  | { kind: 'replayed'; jobId: string }
  | { kind: 'mismatch' }
  /** The tenant has as much as it may have of something: `has`, of `may`. With several shards, in one of them. */
  | { kind: 'full'; cap: 'maxQueuedJobs' | 'maxQueuedBytes'; has: number; may: number };

/**
 * Creates the record, and places the job's ticket in the same script. The same request again (same job id) is `created`
 * again and changes nothing.
 * With an Idempotency-Key that is known, nothing is created: `replayed` names the job of the first request, `mismatch`
 * says that its body was another one. `full` says that nothing was created because the tenant has too much already.
 */
export async function acceptJob(
  context: RecordsContext,
  request: JobRequest,
  idempotency?: Idempotency,
  ticket?: LuaPart,
): Promise<AcceptReply> {
  const keys = keysOfNewJob(context, request.jobId);
  // Ids of batches of files would not sort by time among those of jobs.
  const index = 'input_file_id' in request.input ? 'batches' : 'tenant';
  const tenantIndex = context.keys[index](keys.shard, request.tenantId);
  const names = [keys.job, keys.live, tenantIndex, keys.loads];
  const fields = loadArguments(context, request).concat(await sealRequest(context, request));
  const check = nextCheckAt(request, request.createdAtMs);
  if (!idempotency) {
    const args = [request.jobId, check, '', '', ...fields];
    return acceptReply(await acceptScript(context.redis, names, args, ticket));
  }
  const digest = idempotencyDigest(request.tenantId, idempotency.key);
  assertShard(context, keys.shard, digest);
  names.push(context.keys.idempotency(keys.shard, digest));
  fields.push('idempotency', digest);
  const { idempotencyTtlMs } = context.config;
  return acceptReply(
    await acceptScript(
      context.redis,
      names,
      [request.jobId, check, idempotency.fingerprint, idempotencyTtlMs, ...fields],
      ticket,
    ),
  );
}

/** Whose job it is, how many jobs it stands for, and what its tenant may have. */
function loadArguments(
  { config, shards }: RecordsContext,
  { tenantId, input }: JobRequest,
): (string | number)[] {
  const { maxQueuedJobs = '', maxQueuedBytes = '' } = config.caps ?? {};
  const jobs = 'requests' in input ? 1 + input.requests.length : 1;
  return [tenantId, jobs, maxQueuedJobs, maxQueuedBytes, shards];
}

/**
 * Creates the records of children of one batch and their tickets: ids from `childJobId`, so all are in the batch's shard. Doing it again
 * creates only what is missing. A batch that has ended or is gone gets no children. Returns how many were created.
 */
export async function acceptChildren(
  context: RecordsContext,
  requests: readonly JobRequest[],
  ticketOf?: (child: JobRequest) => LuaPart | undefined,
): Promise<number> {
  let created = 0;
  for (let i = 0; i < requests.length; i += childrenPerChunk) {
    const chunk = requests.slice(i, i + childrenPerChunk);
    // One chunk after the other is the point of having chunks.
    // oxlint-disable-next-line no-await-in-loop
    const replies = await Promise.all(
      chunk.map((request) => acceptChild(context, request, ticketOf?.(request))),
    );
    created += replies.filter((reply) => reply === 1).length;
  }
  return created;
}

async function acceptChild(
  context: RecordsContext,
  request: JobRequest,
  ticket: LuaPart | undefined,
): Promise<unknown> {
  const keys = keysOfNewJob(context, request.jobId);
  if (!keys.parent || !request.batch || keys.parent.batchId !== request.batch.batchId) {
    throw new TypeError(`${request.jobId} is not the id of a child of ${request.batch?.batchId}`);
  }
  return acceptChildScript(
    context.redis,
    [keys.job, keys.live, keys.parent.children, keys.parent.job, keys.loads],
    [
      request.jobId,
      nextCheckAt(request, request.createdAtMs),
      request.batch.index,
      request.tenantId,
      ...(await sealRequest(context, request)),
    ],
    ticket,
  );
}

function keysOfNewJob(context: RecordsContext, jobId: string): JobKeys {
  const keys = context.keys.ofJob(jobId);
  if (!keys) throw new TypeError(`${jobId} is not a job id of ${context.shards} shard(s)`);
  return keys;
}

/** A key on another shard than its last time would meet nobody there, and the job would be created twice. */
function assertShard(context: RecordsContext, shard: number, digest: string): void {
  if (shard === shardOfDigest(digest, context.shards)) return;
  throw new TypeError(
    'a job with an Idempotency-Key needs an id made for it: newJobId({ tenantId, idempotencyKey })',
  );
}

function acceptReply(reply: unknown): AcceptReply {
  // The replies that accept-job.lua lists.
  const [kind, ...more] = reply as
    | ['created' | 'mismatch']
    | ['replayed', string]
    | ['full', 'jobs' | 'bytes', number, number];
  if (kind === 'replayed') return { kind, jobId: String(more[0]) };
  if (kind !== 'full') return { kind };
  const [what, has, may] = more;
  const cap = what === 'jobs' ? 'maxQueuedJobs' : 'maxQueuedBytes';
  return { kind, cap, has: Number(has), may: Number(may) };
}
