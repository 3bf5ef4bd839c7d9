import { waitFor } from '@sluice/testing';
import OpenAI, { toFile } from 'openai';

import { adminKey, fetchPatiently } from './start-stack.ts';

/** A line of a file that a batch has written. */
export interface ResultLine {
  custom_id: string;
  response: { status_code: number; body: Record<string, never> } | null;
  error: { code: string; message: string; line?: number; param?: string } | null;
}

/** What a batch may be created with: OpenAI's, and where it is to run. */
export type BatchOptions = Partial<OpenAI.BatchCreateParams> & { execution?: string };

/** Batches of the API at `url`, as the official client has them; those of the operator's own tenant, without a key of another. */
export function batchClient(url: () => string, apiKey = adminKey) {
  const client = () =>
    new OpenAI({ baseURL: `${url()}/v1`, apiKey, maxRetries: 0, fetch: fetchPatiently });
  const linesOf = async (fileId: string | null | undefined): Promise<ResultLine[]> => {
    if (!fileId) return [];
    const text = await (await client().files.content(fileId)).text();
    const lines = text.split('\n').filter(Boolean);
    return lines.map((line) => JSON.parse(line) as ResultLine);
  };
  return {
    client,
    async createBatch(
      lines: readonly unknown[],
      options: BatchOptions = {},
    ): Promise<OpenAI.Batch> {
      const text = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line)));
      const file = await client().files.create({
        file: await toFile(Buffer.from(text.join('\n')), 'requests.jsonl'),
        purpose: 'batch',
      });
      return await client().batches.create({
        input_file_id: file.id,
        endpoint: '/v1/chat/completions',
        completion_window: '24h',
        ...options,
      });
    },
    async ended(id: string, timeoutMs = 20_000): Promise<OpenAI.Batch> {
      return await waitFor(
        async () => {
          const batch = await client().batches.retrieve(id);
          return ['completed', 'failed', 'cancelled', 'expired'].includes(batch.status) && batch;
        },
        { timeoutMs, intervalMs: 100 },
      );
    },
    linesOf,
    /** Every custom id of the files of a batch, sorted. */
    async idsOf(batch: OpenAI.Batch): Promise<string[]> {
      const files = [batch.output_file_id, batch.error_file_id];
      const lines = await Promise.all(files.map(linesOf));
      return lines
        .flat()
        .map((line) => line.custom_id)
        .toSorted();
    },
  };
}

/** A line that asks for a chat. */
export const chatLine = (id: string, model: string, content = `say ${id}`) => ({
  custom_id: id,
  method: 'POST',
  url: '/v1/chat/completions',
  body: { model, messages: [{ role: 'user', content }] },
});
