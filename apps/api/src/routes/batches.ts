import type { Request, Response } from 'express';

import { noFile } from '@sluice/batches';
import {
  createBatch,
  SluiceError,
  windowMs,
  type CreateBatch,
  type FileBatchInput,
  type JobRecord,
  type JobRequest,
} from '@sluice/contracts';
import { batchLane } from '@sluice/queue';
import { shardOf } from '@sluice/records';
import type { Caller } from '@sluice/tenants';

import { acceptJob } from '../accept/accept-job.ts';
import { cancelBatch } from '../cancel-batch.ts';
import type { ApiDeps } from '../deps.ts';
import { parseBody } from '../http/parse-body.ts';
import { readQuery, wholeNumber } from '../http/query.ts';
import { replyJson } from '../http/reply.ts';
import { callerOf } from '../middleware/authenticate.ts';
import { batchView, type ShownBatch } from '../view/batch-view.ts';

const defaultLimit = 20;
const maxLimit = 100;

/**
 * `POST /v1/batches`: takes a file of requests. It is answered at once, as `validating`; a worker reads the file.
 * @see https://platform.openai.com/docs/api-reference/batch/create
 */
export function createBatchRoute(deps: ApiDeps) {
  return async (request: Request, response: Response): Promise<void> => {
    deps.redisWatch.assertRoom();
    const caller = callerOf(response);
    const body = await parseBody(request, createBatch);
    await checkFile(body, caller.tenantId, deps);
    const job = toJob(body, caller, deps);
    await acceptJob(job, undefined, deps);
    deps.metrics.accepted('batch', 'created');
    const batch = await findBatch(job.jobId, caller.tenantId, deps);
    replyJson(response, 200, JSON.stringify(batchView(batch)), {
      Location: `/v1/batches/${job.jobId}`,
    });
  };
}

/** @throws SluiceError for a file that is not there, not for a batch, or gone before the batch has to be done. */
async function checkFile(
  { input_file_id: fileId }: CreateBatch,
  tenantId: string,
  { files }: ApiDeps,
): Promise<void> {
  const file = await files.read(fileId, tenantId);
  if (!file) {
    const { message } = noFile(fileId);
    throw refuse('input_file_id', message);
  }
  if (file.purpose !== 'batch') {
    throw refuse(
      'input_file_id',
      `the file must have the purpose "batch"; it has "${file.purpose}"`,
    );
  }
}

function toJob(body: CreateBatch, caller: Caller, deps: ApiDeps): JobRequest {
  const { records, files, clock, config } = deps;
  const jobId = records.newBatchId();
  const shard = shardOf(jobId);
  const createdAtMs = clock.now();
  // The contract takes no other windows.
  const endMs = createdAtMs + (windowMs(body.completion_window) ?? 0);
  const { output_expires_after: life, metadata, execution } = body;
  const input: FileBatchInput = {
    input_file_id: body.input_file_id,
    endpoint: body.endpoint,
    completion_window: body.completion_window,
    output_file_id: files.newId(shard),
    error_file_id: files.newId(shard),
    output_life_ms: life ? life.seconds * 1_000 : config.files.retentionMs,
    ...(execution && execution !== 'live' && { execution }),
  };
  return {
    jobId,
    tenantId: caller.tenantId,
    keyId: caller.keyId,
    ...(caller.weight !== undefined && { weight: caller.weight }),
    type: 'batch',
    model: 'batch',
    input,
    priority: 'normal',
    lane: batchLane,
    createdAtMs,
    startByMs: endMs,
    // What runs when the window ends is ended by the batch, which then has still to write its files.
    deadlineMs: endMs,
    attemptTimeoutMs: config.jobs.attemptTimeoutMs,
    cacheMode: 'default',
    ...(metadata && { metadata }),
  };
}

/** `GET /v1/batches`: the tenant's, the newest first; `limit`, and `after` with the id of the last one seen. */
export function listBatchesRoute(deps: ApiDeps) {
  return async (request: Request, response: Response): Promise<void> => {
    const { tenantId } = callerOf(response);
    const query = readQuery(request, ['limit', 'after']);
    const range = { from: 1, to: maxLimit };
    const limit = wholeNumber('limit', query.limit ?? String(defaultLimit), range);
    const after = query.after;
    const page = await deps.records.list(tenantId, {
      ofFiles: true,
      limit,
      ...(after !== undefined &&
        shardOf(after) !== undefined && { after: Buffer.from(after).toString('base64url') }),
    });
    const found = await deps.records.readMany(page.records.map(({ jobId }) => jobId));
    const data = found.flatMap((record) => shown(record) ?? []).map(batchView);
    const ends = { first_id: data[0]?.id ?? null, last_id: data.at(-1)?.id ?? null };
    const hasMore = page.nextCursor !== undefined && data.length === limit;
    replyJson(response, 200, JSON.stringify({ object: 'list', data, ...ends, has_more: hasMore }));
  };
}

/** `GET /v1/batches/:id`: one, as it is now. */
export function getBatchRoute(deps: ApiDeps) {
  return async (request: Request, response: Response): Promise<void> => {
    const batch = await findBatch(idOf(request), callerOf(response).tenantId, deps);
    replyJson(response, 200, JSON.stringify(batchView(batch)));
  };
}

/** `POST /v1/batches/:id/cancel`: it is `cancelling` until its live jobs are ended; what has results keeps them. */
export function cancelBatchRoute(deps: ApiDeps) {
  return async (request: Request, response: Response): Promise<void> => {
    const { tenantId } = callerOf(response);
    await cancelBatch(await findBatch(idOf(request), tenantId, deps), deps);
    const batch = await findBatch(idOf(request), tenantId, deps);
    replyJson(response, 200, JSON.stringify(batchView(batch)));
  };
}

function idOf(request: Request): string {
  return String(request.params['id']);
}

/** @throws SluiceError `not_found`, the same for another tenant's. */
async function findBatch(
  id: string,
  tenantId: string,
  { records }: Pick<ApiDeps, 'records'>,
): Promise<ShownBatch> {
  const record = await records.read(id);
  const batch = record?.tenantId === tenantId ? shown(record) : undefined;
  if (batch) return batch;
  const message = `there is no batch "${id.slice(0, 80)}"; ended ones are erased after a while`;
  throw new SluiceError('not_found', message, { param: 'id' });
}

function shown(record: JobRecord): ShownBatch | undefined {
  const { fileBatch, progress } = record;
  if (!fileBatch || !progress) return undefined;
  // `fileBatch` is there where the input is that of a file.
  return { ...record, input: record.input as FileBatchInput, fileBatch, progress };
}

function refuse(param: string, message: string): SluiceError {
  return new SluiceError('invalid_request', `${param}: ${message}`, { param });
}
