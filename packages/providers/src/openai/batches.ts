import { z } from 'zod';

import type { Target } from '@sluice/config';
import { SluiceError } from '@sluice/contracts';

import type {
  BatchApi,
  BatchBody,
  BatchCall,
  NewBatch,
  VendorBatch,
  VendorBatchPage,
} from '../batch/batch-api.ts';
import { batchContext, readResultLines } from '../batch/batch-context.ts';
import { callDocument, type ExpectedDocument } from '../http/call-document.ts';
import type { UpstreamRequest } from '../http/call-upstream.ts';
import type { HttpClient } from '../http/http-client.ts';
import { encodeLine, openResult, urlOf } from './batch-lines.ts';

const time = z.number();
const count = z.number().nullish();

const batchSchema = z.object({
  id: z.string(),
  status: z.string(),
  created_at: time,
  output_file_id: z.string().nullish(),
  error_file_id: z.string().nullish(),
  metadata: z.record(z.string(), z.string()).nullish().catch(undefined),
  request_counts: z.object({ total: count, completed: count, failed: count }).nullish(),
  errors: z
    .object({
      data: z.array(z.object({ code: z.string().nullish(), message: z.string().nullish() })),
    })
    .nullish()
    .catch(undefined),
});

type GivenBatch = z.infer<typeof batchSchema>;

const listSchema = z.object({ data: z.array(batchSchema), has_more: z.boolean().nullish() });
const fileSchema = z.object({ id: z.string() });
const batchDocument = { schema: batchSchema, name: 'a batch' };

const pageSize = '100';
/** What is sent to it is of no use to anybody a week later: a batch ends within a day. */
const fileLifeSeconds = 7 * 86_400;
/** In the batch's metadata; its value is the marker. */
const markerName = 'sluice_batch';

/** How a client of OpenAI's calls. */
interface Vendor {
  http: HttpClient;
  headersOf(target: Target): Record<string, string>;
}

/**
 * OpenAI's batches: a file of lines, a batch of it, two files of results.
 * @see https://platform.openai.com/docs/guides/batch
 */
export function createBatches(http: HttpClient, headersOf: Vendor['headersOf']): BatchApi {
  const vendor = { http, headersOf };
  return {
    maxRequests: 50_000,
    maxBytes: 200_000_000,
    priceFactor: 0.5,
    encode: encodeLine,
    upload: async (call, body) => await upload(vendor, call, body),
    create: async (call, batch) => toBatch(await create(vendor, call, batch)),
    list: async (call, after) => await list(vendor, call, after),
    async read(call, id) {
      const request = { method: 'GET', path: pathOf(id) } as const;
      return toBatch(await ask(vendor, call, request, batchDocument));
    },
    cancel: async (call, id) => await cancel(vendor, call, id),
    async readResults(call, from, onLines) {
      const headers = headersOf(call.target);
      const path = `/files/${encodeURIComponent(from)}/content`;
      await readResultLines(batchContext(http, call), { path, headers }, onLines);
    },
    openResult: (call, line) => openResult(batchContext(http, call), line),
  };
}

async function ask<T>(
  { http, headersOf }: Vendor,
  call: BatchCall,
  request: Omit<UpstreamRequest, 'headers'> & { headers?: Record<string, string> },
  expected: ExpectedDocument<T>,
): Promise<T> {
  const headers = { ...headersOf(call.target), ...request.headers };
  const { value } = await callDocument(
    batchContext(http, call),
    { ...request, headers, sendBy: call.sendBy },
    expected,
  );
  return value;
}

async function upload(vendor: Vendor, call: BatchCall, body: BatchBody): Promise<string> {
  const request = { method: 'POST', path: '/files', ...fileForm(body) } as const;
  return (await ask(vendor, call, request, { schema: fileSchema, name: 'a file' })).id;
}

async function create(
  vendor: Vendor,
  call: BatchCall,
  { body: { type }, uploadId, marker }: NewBatch,
): Promise<GivenBatch> {
  const body = {
    input_file_id: uploadId,
    endpoint: urlOf(call.target, type),
    completion_window: '24h',
    metadata: { [markerName]: marker },
  };
  return await ask(vendor, call, { method: 'POST', path: '/batches', body }, batchDocument);
}

async function list(
  vendor: Vendor,
  call: BatchCall,
  after: string | undefined,
): Promise<VendorBatchPage> {
  const query = { limit: pageSize, ...(after !== undefined && { after }) };
  const request = { method: 'GET', path: '/batches', query } as const;
  const expected = { schema: listSchema, name: 'a list of batches' };
  const { data, has_more: hasMore } = await ask(vendor, call, request, expected);
  return { batches: data.map(toBatch), ...(hasMore && { next: data.at(-1)?.id }) };
}

async function cancel(vendor: Vendor, call: BatchCall, id: string): Promise<void> {
  const request = { method: 'POST', path: `${pathOf(id)}/cancel` } as const;
  try {
    await ask(vendor, call, request, batchDocument);
  } catch (error) {
    // It has ended already.
    if (!(error instanceof SluiceError) || error.upstreamStatus !== 409) throw error;
  }
}

function pathOf(id: string): string {
  return `/batches/${encodeURIComponent(id)}`;
}

function toBatch(batch: GivenBatch): VendorBatch {
  const { id, status, created_at: createdAt, metadata, request_counts: counts } = batch;
  const [problem] = batch.errors?.data ?? [];
  const files = [batch.output_file_id, batch.error_file_id];
  return {
    id,
    createdAtMs: createdAt * 1_000,
    status: statuses[status] ?? 'running',
    marker: metadata?.[markerName] ?? '',
    counts: {
      total: counts?.total ?? 0,
      succeeded: counts?.completed ?? 0,
      failed: counts?.failed ?? 0,
    },
    results: files.filter((file) => typeof file === 'string'),
    ...(problem && { problem: { code: problem.code ?? '', message: problem.message ?? '' } }),
  };
}

/** Every other one goes on. */
const statuses: Record<string, VendorBatch['status']> = {
  completed: 'ended',
  cancelled: 'ended',
  expired: 'expired',
  failed: 'failed',
};

/**
 * The upload as a form that is written while it is sent: encoding it as a whole would hold it in memory.
 * @see https://www.rfc-editor.org/rfc/rfc7578
 */
function fileForm({ count: lines, bytes, lines: read }: BatchBody) {
  const boundary = 'sluice-batch-3fa9c1d07e5b4826';
  const field = (name: string, value: string) =>
    `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
  const head =
    field('purpose', 'batch') +
    field('expires_after[anchor]', 'created_at') +
    field('expires_after[seconds]', String(fileLifeSeconds)) +
    `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="batch.jsonl"\r\n` +
    'Content-Type: application/jsonl\r\n\r\n';
  const tail = `\r\n--${boundary}--\r\n`;
  return {
    headers: {
      'content-type': `multipart/form-data; boundary=${boundary}`,
      'content-length': String(head.length + bytes + lines + tail.length),
    },
    async *stream() {
      yield head;
      for await (const line of read()) yield `${line}\n`;
      yield tail;
    },
  };
}
