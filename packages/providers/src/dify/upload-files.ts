import { workflowFile, type WorkflowFile, type WorkflowInput } from '@sluice/contracts';

import type { UploadedFile } from '../adapter.ts';
import type { DifyApi } from './dify-api.ts';
import { userOf } from './convert-request.ts';
import type { AppRun } from './app-run.ts';

/**
 * The input with every file that Dify does not have yet, because the job carries it or it was uploaded to Sluice, replaced by
 * one that was uploaded to Dify, as the user who runs the app: Dify shows a file to no other. Files are in `files`, and in
 * `inputs` as a variable's value or in a list of it. Nothing is started yet: an upload that fails is like a run that was
 * refused.
 */
export async function uploadFiles(api: DifyApi, run: AppRun): Promise<WorkflowInput> {
  const { input } = run.call;
  const upload = async (value: unknown): Promise<unknown> => {
    if (Array.isArray(value)) return await Promise.all(value.map(upload));
    const parsed = workflowFile.safeParse(value);
    return parsed.success ? await handOver(api, run, parsed.data) : value;
  };
  const inputs: [string, unknown][] = [];
  for (const [name, value] of Object.entries(input.inputs))
    inputs.push([name, await upload(value)]);
  const files = input.files && (await upload(input.files));
  return {
    ...input,
    inputs: Object.fromEntries(inputs),
    // What an upload makes of a file is a file.
    ...(files !== undefined && { files: files as WorkflowFile[] }),
  };
}

/** A file as Dify knows it. */
async function handOver(api: DifyApi, run: AppRun, file: WorkflowFile): Promise<WorkflowFile> {
  const { call } = run;
  if (file.transfer_method === 'remote_url') return file;
  const found =
    file.transfer_method === 'base64'
      ? {
          bytes: Buffer.from(file.data, 'base64'),
          filename: file.filename,
          mediaType: file.mime_type,
        }
      : await call.openFile?.(file.upload_file_id);
  if (!found) return file;
  const uploadId = await uploadOne(api, found, userOf(call));
  return { type: file.type, transfer_method: 'local_file', upload_file_id: uploadId };
}

async function uploadOne(api: DifyApi, file: UploadedFile, user: string): Promise<string> {
  const form = new FormData();
  const type = file.mediaType ?? 'application/octet-stream';
  form.append('file', new Blob([file.bytes], { type }), file.filename);
  form.append('user', user);
  return await api.uploadFile(form);
}
