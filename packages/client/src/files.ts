import type { FilePurpose, FileView } from '@sluice/contracts';

import { readPages } from './pages.ts';
import { readJson, type Send } from './send-request.ts';

export interface UploadOptions {
  filename: string;
  /** `batch` by default. */
  purpose?: FilePurpose;
  /** The file is removed by itself after so many seconds: an hour to 30 days. */
  expiresAfterSeconds?: number;
  signal?: AbortSignal;
}

export type Files = ReturnType<typeof createFiles>;

/** A large file takes its time; a try ends when no answer has begun by then. */
const uploadTimeoutMs = 3_600_000;

/** Files, as OpenAI's API has them. */
export function createFiles(send: Send) {
  const pathOf = (id: string, act = '') => `/v1/files/${encodeURIComponent(id)}${act}`;
  return {
    /** Sends a file while it is read: `openAsBlob` of `node:fs` gives one of the disk. */
    async upload(
      content: Blob,
      { filename, purpose = 'batch', expiresAfterSeconds, signal }: UploadOptions,
    ): Promise<FileView> {
      const form = new FormData();
      form.set('purpose', purpose);
      if (expiresAfterSeconds !== undefined) {
        form.set('expires_after[anchor]', 'created_at');
        form.set('expires_after[seconds]', String(expiresAfterSeconds));
      }
      form.set('file', content, filename);
      const request = { path: '/v1/files', body: form, timeoutMs: uploadTimeoutMs, signal };
      return await readJson(send({ method: 'POST', ...request }));
    },
    get: async (id: string): Promise<FileView> =>
      await readJson(send({ method: 'GET', path: pathOf(id) })),
    list: (filter: { purpose?: FilePurpose } = {}): AsyncGenerator<FileView, void> =>
      readPages(send, '/v1/files', filter),
    /** Its bytes, from `from` on: the rest of a download that broke off. */
    async content(
      id: string,
      { from = 0, signal }: { from?: number; signal?: AbortSignal } = {},
    ): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
      const headers = { ...(from > 0 && { Range: `bytes=${from}-` }) };
      const request = { path: pathOf(id, '/content'), headers, signal };
      const { body } = await send({ method: 'GET', ...request });
      return body ?? new Blob([]).stream();
    },
    async delete(id: string): Promise<void> {
      await send({ method: 'DELETE', path: pathOf(id) });
    },
  };
}
