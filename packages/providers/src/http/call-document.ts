import type { z } from 'zod';

import {
  badUpstream,
  callUpstream,
  type CallContext,
  type Reply,
  type UpstreamRequest,
} from './call-upstream.ts';
import { errorFieldsOf, isRecord } from './error-fields.ts';
import type { ReplyHead } from './exchange.ts';
import { upstreamError } from './upstream-error.ts';

/** What the document must be, and how to call it in the error if it is something else. */
export interface ExpectedDocument<T> {
  schema: z.ZodType<T>;
  /** `embeddings`. */
  name: string;
  /** The largest one that is held in memory; 16 MiB by default. */
  maxBytes?: number;
}

/**
 * One call whose reply is one JSON document. Rejects as `callUpstream` does, with the error that a document of status 200
 * says, and with `bad_upstream` for a document of another shape.
 */
export async function callDocument<T>(
  call: CallContext,
  request: UpstreamRequest,
  expected: ExpectedDocument<T>,
): Promise<Reply<T>> {
  return await callUpstream(call, request, {
    document: (value, head) => readDocument(call, head, value, expected),
    ...(expected.maxBytes !== undefined && { maxDocumentBytes: expected.maxBytes }),
  });
}

/** The value of a document that has come whole; rejects as {@link callDocument} does. */
export function readDocument<T>(
  { target, judge, http }: CallContext,
  head: ReplyHead,
  value: unknown,
  { schema, name }: ExpectedDocument<T>,
): T {
  if (isRecord(value) && (value['error'] || value['object'] === 'error')) {
    const context = { target, judge, nowMs: http.clock.now() };
    throw upstreamError(context, head, errorFieldsOf(value));
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw badUpstream(target, `sent a document without ${name}`, JSON.stringify(value) ?? '');
}
