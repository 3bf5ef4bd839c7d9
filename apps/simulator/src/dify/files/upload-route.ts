import type { Call } from '../../server/call.ts';
import type { PreparedCall, Refusal, Route } from '../../server/dialect.ts';
import { readForm } from '../../server/read-form.ts';
import type { World } from '../../world.ts';
import { difyError, invalidParam } from '../errors.ts';
import { serve } from '../../server/serve.ts';
import type { FileStore } from './file-store.ts';

/**
 * `POST /files/upload`, multipart with `file` and `user`.
 * @see https://docs.dify.ai/api-reference/files/upload-file
 */
export function createUploadRoute(world: World, files: FileStore): Route {
  return {
    method: 'POST',
    path: '/files/upload',
    kind: 'file',
    paid: false,
    prepare: (call) => prepareUpload(call, world, files),
  };
}

async function prepareUpload(
  call: Call,
  world: World,
  files: FileStore,
): Promise<PreparedCall | Refusal> {
  const form = await readForm(call);
  const file = form?.get('file');
  if (!(file instanceof File)) {
    return { refusal: difyError(400, 'no_file_uploaded', 'Please upload your file.') };
  }
  const user = form?.get('user');
  if (typeof user !== 'string' || user === '') {
    return { refusal: invalidParam('Arg user must be provided.') };
  }
  const id = world.clock.uuid();
  files.add({ id, key: call.key, user });
  return serve(201, {
    id,
    name: file.name,
    size: file.size,
    extension: file.name.includes('.') ? (file.name.split('.').at(-1) ?? '') : '',
    mime_type: file.type,
    created_by: user,
    created_at: Math.floor(call.ledger.entry.atMs / 1000),
    preview_url: null,
    source_url: `/files/${id}/file-preview`,
  });
}
