import type { BatchStatus, BatchView, CreateBatch } from '@sluice/contracts';

import { readPages } from './pages.ts';
import { pause } from './pause.ts';
import { readJson, type Send } from './send-request.ts';

export interface BatchWaitOptions {
  /** Called with the batch each time that it was looked at. */
  onProgress?: (batch: BatchView) => void;
  signal?: AbortSignal;
}

export type Batches = ReturnType<typeof createBatches>;

const endings: ReadonlySet<BatchStatus> = new Set(['completed', 'failed', 'expired', 'cancelled']);
const firstLookMs = 250;
const longestLookMs = 5_000;

/** Batches of a file's lines, as OpenAI's API has them. */
export function createBatches(send: Send) {
  const pathOf = (id: string, act = '') => `/v1/batches/${encodeURIComponent(id)}${act}`;
  const get = async (id: string): Promise<BatchView> =>
    await readJson(send({ method: 'GET', path: pathOf(id) }));
  return {
    get,
    create: async (batch: CreateBatch): Promise<BatchView> =>
      await readJson(send({ method: 'POST', path: '/v1/batches', body: batch })),
    list: (): AsyncGenerator<BatchView, void> => readPages(send, '/v1/batches'),
    /** Live requests are ended, and those that have not begun never do; what was done is in the files. */
    cancel: async (id: string): Promise<BatchView> =>
      await readJson(send({ method: 'POST', path: pathOf(id, '/cancel'), repeatable: true })),
    /** Waits until the batch has ended, however: look at `status`. */
    async wait(id: string, { onProgress, signal }: BatchWaitOptions = {}): Promise<BatchView> {
      for (let lookMs = firstLookMs; ; lookMs = Math.min(lookMs * 1.5, longestLookMs)) {
        // One look after the other.
        // oxlint-disable-next-line no-await-in-loop
        const batch = await get(id);
        onProgress?.(batch);
        if (endings.has(batch.status)) return batch;
        // oxlint-disable-next-line no-await-in-loop
        await pause(lookMs, signal);
      }
    },
  };
}
