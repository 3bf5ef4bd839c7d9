import type { Request, Response } from 'express';

import type { StoredFile } from '@sluice/batches';
import { SluiceError } from '@sluice/contracts';
import { secondsOf } from '@sluice/dify';

import type { ApiDeps } from '../deps.ts';
import { receiveFile, type ReceivedForm } from '../http/receive-file.ts';
import { replyJson } from '../http/reply.ts';
import { callerOf } from '../middleware/authenticate.ts';

/** The largest file that Dify takes, a video. */
const maxBytes = 100 * 1_048_576;

type UploadDeps = Pick<ApiDeps, 'files' | 'config' | 'redisWatch'>;

/**
 * `POST /v1/files/upload`: a form with `file` and `user`. The file stays with Sluice, for as long as any file, and its id is an
 * `upload_file_id` of any app: the worker gives it to Dify when a run needs it.
 * @see https://docs.dify.ai/api-reference/files/upload-file
 */
export function uploadFileRoute(deps: UploadDeps) {
  return async (request: Request, response: Response): Promise<void> => {
    deps.redisWatch.assertRoom();
    const { tenantId } = callerOf(response);
    const form = await receive(request, tenantId, deps);
    const { upload, fields } = form;
    try {
      const user = userIn(fields);
      const file = await keep(form, deps);
      if (file.bytes > maxBytes) throw tooLarge(file.bytes);
      replyJson(response, 201, JSON.stringify(difyFile(file, user)));
    } catch (error) {
      await upload.abort();
      throw error;
    }
  };
}

/** As Dify describes a file. */
export function difyFile(file: StoredFile, user: string) {
  const { fileId, filename, bytes, mediaType, createdAtMs } = file;
  const dot = filename.lastIndexOf('.');
  return {
    id: fileId,
    name: filename,
    size: bytes,
    extension: dot === -1 ? '' : filename.slice(dot + 1).toLowerCase(),
    mime_type: mediaType ?? 'application/octet-stream',
    created_by: user,
    created_at: secondsOf(createdAtMs),
    preview_url: null,
    source_url: `/v1/files/${fileId}/content`,
  };
}

async function receive(
  request: Request,
  tenantId: string,
  { files }: UploadDeps,
): Promise<ReceivedForm> {
  try {
    return await receiveFile(request, () => files.upload(tenantId));
  } catch (error) {
    const isMissing =
      error instanceof SluiceError && error.param === 'file' && error.code === 'invalid_request';
    if (!isMissing) throw error;
    // Dify has a code of its own for a form without its one file.
    const more = { param: 'file', upstreamCode: 'no_file_uploaded', cause: error };
    throw new SluiceError('invalid_request', error.message, more);
  }
}

async function keep(
  { upload, filename, mediaType }: ReceivedForm,
  { config }: UploadDeps,
): Promise<StoredFile> {
  const lifeMs = config.files.retentionMs;
  return await upload.finish({ filename, mediaType, purpose: 'user_data', lifeMs });
}

function userIn(fields: ReadonlyMap<string, string>): string {
  for (const name of fields.keys()) {
    if (name !== 'user') throw refuse(name, 'unknown field; known are file, user');
  }
  const user = fields.get('user') ?? '';
  if (user !== '' && user.length <= 255) return user;
  throw refuse('user', 'must be the end user, 1 to 255 characters');
}

function tooLarge(bytes: number): SluiceError {
  const message = `file: has ${bytes} bytes; an app takes at most ${maxBytes}`;
  return new SluiceError('body_too_large', message, { param: 'file' });
}

function refuse(param: string, why: string): SluiceError {
  return new SluiceError('invalid_request', `${param}: ${why}`, { param });
}
