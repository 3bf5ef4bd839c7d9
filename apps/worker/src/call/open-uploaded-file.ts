import { noFile, shardOfFile } from '@sluice/batches';
import { SluiceError } from '@sluice/contracts';
import type { UploadedFile } from '@sluice/providers';

import type { RunJobDeps } from '../run-job-deps.ts';

/** The largest file that Dify takes, a video. It is in memory on its way there. */
export const maxUploadedBytes = 100 * 1_048_576;

/**
 * A file that the tenant has uploaded to Sluice; `undefined` for an id that is none of Sluice's: the upstream knows it.
 * @throws SluiceError `not_found` for one that is gone or another tenant's, `body_too_large`.
 */
export async function openUploadedFile(
  fileId: string,
  tenantId: string,
  { files }: Pick<RunJobDeps, 'files'>,
): Promise<UploadedFile | undefined> {
  if (shardOfFile(fileId) === undefined) return undefined;
  const file = await files.read(fileId, tenantId);
  if (!file) throw noFile(fileId, 'upload_file_id');
  if (file.bytes > maxUploadedBytes) {
    const message = `upload_file_id: ${fileId} has ${file.bytes} bytes; an app may be sent ${maxUploadedBytes}`;
    throw new SluiceError('body_too_large', message, { param: 'upload_file_id' });
  }
  const chunks: Buffer[] = [];
  for await (const chunk of files.bytes(file)) chunks.push(chunk);
  return { bytes: Buffer.concat(chunks), filename: file.filename, mediaType: file.mediaType };
}
