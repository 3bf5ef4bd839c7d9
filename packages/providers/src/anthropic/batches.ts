import { z } from 'zod';

import type { Target } from '@sluice/config';
import { SluiceError } from '@sluice/contracts';

import type {
  BatchApi,
  BatchBody,
  BatchCall,
  BatchedRequest,
  VendorBatch,
  VendorBatchPage,
  VendorResult,
} from '../batch/batch-api.ts';
import { batchContext, readResultLines } from '../batch/batch-context.ts';
import { callDocument, type ExpectedDocument } from '../http/call-document.ts';
import {
  badUpstream,
  parseJson,
  type CallContext,
  type UpstreamRequest,
} from '../http/call-upstream.ts';
import { errorFieldsOf } from '../http/error-fields.ts';
import type { HttpClient } from '../http/http-client.ts';
import { upstreamError } from '../http/upstream-error.ts';
import { convertRequest } from './convert-request.ts';
import { judgeAnthropic } from './judge-anthropic.ts';
import { MessageAssembly } from './message-assembly.ts';

const batchSchema = z.object({
  id: z.string(),
  processing_status: z.string(),
  created_at: z.string(),
  request_counts: z.object({
    processing: z.number(),
    succeeded: z.number(),
    errored: z.number(),
    canceled: z.number(),
    expired: z.number(),
  }),
});

const listSchema = z.object({
  data: z.array(batchSchema),
  has_more: z.boolean().nullish(),
  last_id: z.string().nullish(),
});
const batchDocument = { schema: batchSchema, name: 'a message batch' };

const pageSize = '1000';

/** How a client of the vendor's calls. */
interface Vendor {
  http: HttpClient;
  pathOf(target: Target, route: string): string;
  headersOf(target: Target): Record<string, string>;
}

/**
 * Anthropic's message batches: one request with all of them, one stream of results. They keep no word of the client's: they are
 * known by the custom ids in their results.
 * @see https://platform.claude.com/docs/en/build-with-claude/batch-processing
 */
export function createBatches(vendor: Vendor): BatchApi {
  const context = (call: BatchCall) => batchContext(vendor.http, call, judgeAnthropic);
  return {
    maxRequests: 100_000,
    maxBytes: 256_000_000,
    priceFactor: 0.5,
    encode: encodeRequest,
    async create(call, { body }) {
      const request = { method: 'POST', ...wholeBody(body) } as const;
      return toBatch(await ask(vendor, call, request, batchDocument));
    },
    list: async (call, after) => await list(vendor, call, after),
    async read(call, id) {
      const request = { method: 'GET', route: `/${encodeURIComponent(id)}` } as const;
      return toBatch(await ask(vendor, call, request, batchDocument));
    },
    cancel: async (call, id) => await cancel(vendor, call, id),
    async readResults(call, from, onLines) {
      const headers = vendor.headersOf(call.target);
      const path = vendor.pathOf(call.target, `${base}/${encodeURIComponent(from)}/results`);
      await readResultLines(context(call), { path, headers }, onLines);
    },
    openResult: (call, line) => openResult(context(call), line),
  };
}

const base = '/messages/batches';

type Asked = Omit<UpstreamRequest, 'headers' | 'path'> & {
  /** Behind that of all batches. */
  route?: string;
  headers?: Record<string, string>;
};

async function ask<T>(
  { http, pathOf, headersOf }: Vendor,
  call: BatchCall,
  { route = '', ...request }: Asked,
  expected: ExpectedDocument<T>,
): Promise<T> {
  const { target, sendBy } = call;
  const headers = { ...headersOf(target), ...request.headers };
  const path = pathOf(target, base + route);
  const context = batchContext(http, call, judgeAnthropic);
  return (await callDocument(context, { ...request, path, headers, sendBy }, expected)).value;
}

async function list(
  vendor: Vendor,
  call: BatchCall,
  after: string | undefined,
): Promise<VendorBatchPage> {
  const query = { limit: pageSize, ...(after !== undefined && { after_id: after }) };
  const expected = { schema: listSchema, name: 'a list of message batches' };
  const page = await ask(vendor, call, { method: 'GET', query }, expected);
  const { data, has_more: hasMore, last_id: last } = page;
  return { batches: data.map(toBatch), ...(hasMore && last && { next: last }) };
}

async function cancel(vendor: Vendor, call: BatchCall, id: string): Promise<void> {
  const request = { method: 'POST', route: `/${encodeURIComponent(id)}/cancel` } as const;
  try {
    await ask(vendor, call, request, batchDocument);
  } catch (error) {
    // It has ended already.
    if (!(error instanceof SluiceError) || error.upstreamStatus !== 400) throw error;
  }
}

function encodeRequest(request: BatchedRequest): string {
  const { target, customId } = request;
  if (request.type !== 'chat') {
    const message = `${target.provider.name} (${target.provider.kind}) has no embeddings`;
    throw new SluiceError('upstream_invalid_request', message);
  }
  const { stream: _stream, ...params } = convertRequest({ ...request, user: undefined });
  return JSON.stringify({ custom_id: customId, params });
}

/** The body, written while it is sent. */
function wholeBody({ count, bytes, lines }: BatchBody) {
  const [head, tail] = ['{"requests":[', ']}'];
  const length = head.length + bytes + Math.max(0, count - 1) + tail.length;
  return {
    headers: { 'content-type': 'application/json', 'content-length': String(length) },
    async *stream() {
      yield head;
      let separator = '';
      for await (const line of lines()) {
        yield separator + line;
        separator = ',';
      }
      yield tail;
    },
  };
}

function toBatch(batch: z.infer<typeof batchSchema>): VendorBatch {
  const { id, processing_status: status, created_at: createdAt, request_counts: counts } = batch;
  const { processing, succeeded, errored, canceled, expired } = counts;
  const hasEnded = status === 'ended';
  return {
    id,
    createdAtMs: Date.parse(createdAt),
    status: hasEnded ? (expired > 0 ? 'expired' : 'ended') : 'running',
    counts: {
      total: processing + succeeded + errored + canceled + expired,
      succeeded,
      failed: errored,
    },
    results: hasEnded ? [id] : [],
  };
}

const resultSchema = z.object({
  custom_id: z.string(),
  result: z.object({
    type: z.string(),
    message: z.unknown().optional(),
    error: z.unknown().optional(),
  }),
});

/** A line of the results. @see https://platform.claude.com/docs/en/api/messages/batches/results */
function openResult(context: CallContext, line: string): VendorResult {
  const parsed = resultSchema.safeParse(parseJson(line, context.target));
  if (!parsed.success) throw badUpstream(context.target, 'sent something that is no result', line);
  const { custom_id: customId, result } = parsed.data;
  const head = { status: 200, headers: {} };
  return {
    customId,
    isAnswered: result.type === 'succeeded' || result.type === 'errored',
    reply() {
      if (result.type === 'succeeded') {
        const reply = new MessageAssembly(context, head).whole(result.message);
        return { ...reply, upstreamRequestId: undefined };
      }
      const { target, judge, http } = context;
      throw upstreamError(
        { target, judge, nowMs: http.clock.now() },
        head,
        errorFieldsOf(result.error),
      );
    },
  };
}
