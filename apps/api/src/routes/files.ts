import type { Request, Response } from 'express';

import { fileView, noFile, type StoredFile, type Upload } from '@sluice/batches';
import type { Config } from '@sluice/config';
import { expiresAfter, filePurposes, SluiceError } from '@sluice/contracts';

import type { ApiDeps } from '../deps.ts';
import { oneOf, readQuery, wholeNumber } from '../http/query.ts';
import { receiveFile } from '../http/receive-file.ts';
import { replyJson } from '../http/reply.ts';
import { sendFile } from '../http/send-file.ts';
import { callerOf } from '../middleware/authenticate.ts';

type FileDeps = Pick<ApiDeps, 'files' | 'config' | 'redisWatch' | 'log'>;

/** OpenAI's numbers. */
const defaultLimit = 10_000;
const maxLimit = 10_000;

/**
 * `POST /v1/files`: a form with `file`, `purpose` and, if it is to be removed by itself, `expires_after[anchor]` and
 * `expires_after[seconds]`. The file goes to its storage while it comes in. One for a batch is removed after 30 days unless it says
 * otherwise.
 * @see https://platform.openai.com/docs/api-reference/files/create
 */
export function createFileRoute({ files, config, redisWatch }: FileDeps) {
  return async (request: Request, response: Response): Promise<void> => {
    redisWatch.assertRoom();
    const { tenantId } = callerOf(response);
    const form = await receiveFile(request, () => files.upload(tenantId));
    const { upload, filename, fields } = form;
    try {
      const facts = readFields(fields, upload, config);
      const file = await upload.finish({ filename, ...facts });
      replyJson(response, 200, JSON.stringify(fileView(file)));
    } catch (error) {
      await upload.abort();
      throw error;
    }
  };
}

/** `GET /v1/files`: the tenant's files, the newest first; `purpose`, `order`, `limit`, and `after` with the id of the last one seen. */
export function listFilesRoute({ files }: FileDeps) {
  return async (request: Request, response: Response): Promise<void> => {
    const query = readQuery(request, ['purpose', 'limit', 'order', 'after']);
    const { purpose, order, after } = query;
    const page = await files.list(callerOf(response).tenantId, {
      ...(purpose !== undefined && {
        purpose: oneOf('purpose', purpose, [...filePurposes, 'batch_output'] as const),
      }),
      ...(order !== undefined && { order: oneOf('order', order, ['asc', 'desc'] as const) }),
      after,
      limit: wholeNumber('limit', query.limit ?? String(defaultLimit), { from: 1, to: maxLimit }),
    });
    const data = page.files.map(fileView);
    const ends = { first_id: data[0]?.id ?? null, last_id: data.at(-1)?.id ?? null };
    const body = { object: 'list', data, ...ends, has_more: page.hasMore };
    replyJson(response, 200, JSON.stringify(body));
  };
}

/** `GET /v1/files/:id`: what is known of one. */
export function getFileRoute(deps: FileDeps) {
  return async (request: Request, response: Response): Promise<void> => {
    const file = await ownFile(request, response, deps);
    replyJson(response, 200, JSON.stringify(fileView(file)));
  };
}

/**
 * `GET /v1/files/:id/content`: its bytes. Of one that a batch is still writing, those that are there; `Range: bytes=N-`
 * gives what has come since, or the rest of a download that broke off.
 */
export function fileContentRoute(deps: FileDeps) {
  return async (request: Request, response: Response): Promise<void> => {
    await sendFile(request, response, await ownFile(request, response, deps), deps);
  };
}

/** `DELETE /v1/files/:id`: at once, whatever uses it. */
export function deleteFileRoute(deps: FileDeps) {
  return async (request: Request, response: Response): Promise<void> => {
    const { fileId, tenantId } = await ownFile(request, response, deps);
    await deps.files.delete(fileId, tenantId);
    replyJson(response, 200, JSON.stringify({ id: fileId, object: 'file', deleted: true }));
  };
}

/** @throws SluiceError `not_found` for one that is not there or is another tenant's. */
async function ownFile(
  request: Request,
  response: Response,
  { files }: FileDeps,
): Promise<StoredFile> {
  const id = String(request.params['id']);
  const file = await files.read(id, callerOf(response).tenantId);
  if (!file) throw noFile(id);
  return file;
}

const fieldNames = ['purpose', 'expires_after[anchor]', 'expires_after[seconds]'];

function readFields(
  fields: ReadonlyMap<string, string>,
  { lines }: Upload,
  { files, batches }: Config,
) {
  for (const name of fields.keys()) {
    if (!fieldNames.includes(name)) {
      throw refuse(name, `unknown field; known are file, ${fieldNames.join(', ')}`);
    }
  }
  const given = fields.get('purpose');
  if (given === undefined)
    throw refuse('purpose', `must be one of ${filePurposes.join(', ')}; it is missing`);
  const purpose = oneOf('purpose', given, filePurposes);
  if (purpose === 'batch' && lines > batches.maxLines) {
    throw refuse('file', `has ${lines} lines; a batch may have ${batches.maxLines}`);
  }
  const lifeMs = lifeIn(fields) ?? (purpose === 'batch' ? files.retentionMs : undefined);
  return { purpose, lifeMs };
}

function lifeIn(fields: ReadonlyMap<string, string>): number | undefined {
  const anchor = fields.get('expires_after[anchor]');
  const seconds = fields.get('expires_after[seconds]');
  if (anchor === undefined && seconds === undefined) return undefined;
  const parsed = expiresAfter.safeParse({
    anchor,
    seconds: seconds === undefined || !/^\d{1,9}$/.test(seconds) ? seconds : Number(seconds),
  });
  if (parsed.success) return parsed.data.seconds * 1_000;
  const [issue] = parsed.error.issues;
  const name = `expires_after[${String(issue?.path[0])}]`;
  const allowed =
    issue?.path[0] === 'anchor' ? '"created_at"' : 'a whole number of seconds from 3600 to 2592000';
  throw refuse(name, `must be ${allowed}`);
}

function refuse(param: string, message: string): SluiceError {
  return new SluiceError('invalid_request', `${param}: ${message}`, { param });
}
