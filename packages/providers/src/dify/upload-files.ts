import { workflowFile, type WorkflowFile, type WorkflowInput } from '@sluice/contracts';

import type { DifyApi } from './dify-api.ts';
import { userOf } from './convert-request.ts';
import type { AppRun } from './app-run.ts';

type Carried = Extract<WorkflowFile, { transfer_method: 'base64' }>;

/**
 * The input with every file that it carries replaced by one that was uploaded to Dify, as the user who runs the app: Dify
 * shows a file to no other. Files are in `files`, and in `inputs` as a variable's value or in a list of it. Nothing is
 * started yet: an upload that fails is like a run that was refused.
 */
export async function uploadFiles(api: DifyApi, run: AppRun): Promise<WorkflowInput> {
  const { input } = run.call;
  const upload = async (value: unknown): Promise<unknown> => {
    if (Array.isArray(value)) return await Promise.all(value.map(upload));
    const file = carriedIn(value);
    return file ? await uploadOne(api, file, userOf(run.call)) : value;
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

function carriedIn(value: unknown): Carried | undefined {
  const parsed = workflowFile.safeParse(value);
  return parsed.success && parsed.data.transfer_method === 'base64' ? parsed.data : undefined;
}

async function uploadOne(api: DifyApi, file: Carried, user: string): Promise<WorkflowFile> {
  const form = new FormData();
  const type = file.mime_type ?? 'application/octet-stream';
  form.append('file', new Blob([Buffer.from(file.data, 'base64')], { type }), file.filename);
  form.append('user', user);
  const uploadId = await api.uploadFile(form);
  return { type: file.type, transfer_method: 'local_file', upload_file_id: uploadId };
}
