import type { IncomingHttpHeaders } from 'node:http';
import { Readable } from 'node:stream';

import type { Provider, Target } from '@sluice/config';
import { SluiceError } from '@sluice/contracts';

import type { OnDelta, SendBy } from '../call-hooks.ts';

import { baseUrlOf } from './base-url.ts';
import { maxDocumentBytes, TextReader, type BodyReader } from './body-reader.ts';
import { parseErrorFields } from './error-fields.ts';
import { EventReader, type EventHandler } from './event-reader.ts';
import { exchange, type HttpRequest, type ReplyHead } from './exchange.ts';
import type { HttpClient } from './http-client.ts';
import { keepRaw, type OnRaw } from './keep-raw.ts';
import { LineReader, type LineHandler } from './line-reader.ts';
import { excerptOf, redactorOf } from './redact.ts';
import { remainingOf } from './remaining.ts';
import { upstreamError, type Judge } from './upstream-error.ts';

/** One call of one target. */
export interface CallContext {
  http: HttpClient;
  target: Target;
  signal: AbortSignal;
  /** The vendor's own reading of errors, asked before the common table. */
  judge?: Judge | undefined;
  onRaw?: OnRaw | undefined;
  /** Of a chat: told of the pieces of its answer. */
  onDelta?: OnDelta | undefined;
}

export interface UpstreamRequest {
  method: HttpRequest['method'];
  /** Appended to the base URL, with a slash in front. */
  path: string;
  query?: Record<string, string>;
  /** Lower case; the provider's configured headers win over them. */
  headers: Record<string, string>;
  /** Sent as JSON. */
  body?: unknown;
  /** Sent as they are, with the content type that `headers` name; instead of `body`. */
  bytes?: Buffer;
  /** Sent as it comes, with the content type and length that `headers` name; instead of `body`. */
  stream?: () => AsyncIterable<string>;
  /** The largest reply; 64 MiB by default. */
  maxReplyBytes?: number;
  sendBy?: SendBy | undefined;
}

/** How a successful reply becomes a value. A form that is missing is one that the upstream must not send. */
export interface ReplyReaders<T> {
  /** For `text/event-stream`. `head` is for the errors inside. */
  events?: (head: ReplyHead) => EventHandler<T>;
  /** For `application/x-ndjson`. */
  lines?: (head: ReplyHead) => LineHandler<T>;
  /** For JSON, parsed. */
  document?: (value: unknown, head: ReplyHead) => T | Promise<T>;
  /** For text of any other kind than HTML. */
  text?: (text: string) => T;
  /** For a success of any kind, in place of all others. */
  whole?: () => BodyReader<T>;
  /** The largest document that is held in memory; 16 MiB by default. */
  maxDocumentBytes?: number;
}

/** The value of a reply, and its headers. */
export interface Reply<T> {
  value: T;
  headers: IncomingHttpHeaders;
}

const maxErrorBytes = 64 * 1024;

/**
 * Makes one HTTP call. Rejects with a SluiceError only: `upstreamError` for a status that is no success, `bad_upstream` for
 * a reply that is not what it should be (redirect, other content type, not JSON, empty, too large), and as `exchange` says.
 */
export async function callUpstream<T>(
  call: CallContext,
  request: UpstreamRequest,
  readers: ReplyReaders<T>,
): Promise<Reply<T>> {
  const { target, onRaw } = call;
  let head: ReplyHead = { status: 0, headers: {} };
  let refusal: TextReader | undefined;
  const open = (opened: ReplyHead): BodyReader<T> => {
    head = opened;
    tellRemaining(call, head);
    if (head.status >= 200 && head.status < 300) {
      const reader = readerOf(call, head, readers);
      return onRaw ? keepRaw(reader, { head, target, onRaw }) : reader;
    }
    refusal = new TextReader(maxErrorBytes);
    return refusalReader(call, head, refusal);
  };
  try {
    const value = await exchange(call.http.dispatcher, httpRequestOf(call, request), open);
    return { value, headers: head.headers };
  } catch (error) {
    // A refusal whose body breaks off is still that refusal.
    if (refusal && !call.signal.aborted && isBroken(error))
      throw refusalError(call, head, refusal.end());
    throw error;
  }
}

function tellRemaining({ http, target }: CallContext, { headers }: ReplyHead): void {
  if (!http.onRemaining) return;
  const reports = remainingOf(headers, target.provider.kind, http.clock.now());
  if (reports.length > 0) http.onRemaining(target, reports);
}

function httpRequestOf(
  { target, signal, http }: CallContext,
  request: UpstreamRequest,
): HttpRequest {
  const { provider } = target;
  const { sendBy } = request;
  const isPast = () => sendBy !== undefined && http.clock.now() > sendBy.ms;
  const { origin, pathname, search } = urlOf(provider, request.query);
  return {
    provider: provider.name,
    origin,
    path: `${pathname.replace(/\/$/, '')}${request.path}${search}`,
    method: request.method,
    headers: headersOf(request, provider.headers),
    body: bodyOf(request),
    maxReplyBytes: request.maxReplyBytes,
    firstByteMs: provider.timeouts.firstByteMs,
    idleMs: provider.timeouts.idleMs,
    isTooLate: isPast,
    onSent: () => {
      if (isPast()) sendBy?.onLate();
    },
    signal,
  };
}

function urlOf(provider: Provider, query: Record<string, string> | undefined): Readonly<URL> {
  const base = baseUrlOf(provider);
  if (!query) return base;
  const url = new URL(base);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return url;
}

function bodyOf({ body, bytes, stream }: UpstreamRequest): HttpRequest['body'] {
  if (stream) return Readable.from(stream(), { objectMode: false });
  return body === undefined ? bytes : JSON.stringify(body);
}

/** No compression is asked for and none accepted: a reply is never larger in memory than on the wire. */
function headersOf(
  request: UpstreamRequest,
  configured: Record<string, string>,
): Record<string, string> {
  const headers: Record<string, string> = {
    accept: 'text/event-stream, application/json',
    'accept-encoding': 'identity',
    'user-agent': 'sluice',
    ...(request.body !== undefined && { 'content-type': 'application/json' }),
    ...request.headers,
  };
  for (const [name, value] of Object.entries(configured)) headers[name.toLowerCase()] = value;
  return headers;
}

function readerOf<T>(call: CallContext, head: ReplyHead, readers: ReplyReaders<T>): BodyReader<T> {
  const { name } = call.target.provider;
  const encoding = head.headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity') {
    const message = `${name} compressed its reply (${encoding}) although it was asked not to`;
    throw new SluiceError('bad_upstream', message);
  }
  if (readers.whole) return readers.whole();
  const type = (head.headers['content-type'] ?? 'application/json')
    .split(';')[0]
    ?.trim()
    .toLowerCase();
  if (type === 'text/event-stream' && readers.events) {
    return new EventReader(name, readers.events(head));
  }
  if (type === 'application/x-ndjson' && readers.lines) {
    return new LineReader(name, readers.lines(head));
  }
  if (type === 'application/json' && readers.document) {
    return documentReader(call, head, { maxDocumentBytes, ...readers, document: readers.document });
  }
  if (type?.startsWith('text/') && type !== 'text/html' && readers.text) {
    return wholeReader(call, maxDocumentBytes, readers.text);
  }
  return unexpectedReader(call, type ?? '');
}

type DocumentReaders<T> = Required<Pick<ReplyReaders<T>, 'document' | 'maxDocumentBytes'>>;

function documentReader<T>(
  call: CallContext,
  head: ReplyHead,
  { document, maxDocumentBytes: maxBytes }: DocumentReaders<T>,
): BodyReader<T> {
  return wholeReader(call, maxBytes, (text) => document(parseJson(text, call.target), head));
}

/** Reads a reply to its end as one text; `bad_upstream` for one of more than `maxBytes`. */
export function wholeReader<T>(
  call: CallContext,
  maxBytes: number,
  convert: (text: string) => T | Promise<T>,
): BodyReader<T> {
  const text = new TextReader(maxBytes);
  return {
    write: (chunk) => text.write(chunk),
    end: () => {
      if (!text.isCut) return convert(text.end());
      const { name } = call.target.provider;
      throw new SluiceError('bad_upstream', `${name} sent more than ${maxBytes / 2 ** 20} MiB`);
    },
  };
}

/** Parses JSON that an upstream sent; `bad_upstream` with an excerpt where it is none. */
export function parseJson(text: string, target: Target): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const { name } = target.provider;
    if (text.trim() === '')
      throw new SluiceError('bad_upstream', `${name} sent nothing`, { cause });
    throw badUpstream(target, 'sent something that is not JSON', text);
  }
}

/** `bad_upstream`, with the beginning of what the upstream sent instead. */
export function badUpstream(target: Target, what: string, text: string): SluiceError {
  const excerpt = excerptOf(text, redactorOf(target));
  return new SluiceError('bad_upstream', `${target.provider.name} ${what}: ${excerpt}`);
}

function unexpectedReader<T>(call: CallContext, type: string): BodyReader<T> {
  const text = new TextReader(maxErrorBytes);
  return {
    write: (chunk) => text.write(chunk),
    end: () => {
      throw badUpstream(
        call.target,
        `sent ${type} where it should send JSON or events`,
        text.end(),
      );
    },
  };
}

function refusalReader<T>(call: CallContext, head: ReplyHead, text: TextReader): BodyReader<T> {
  return {
    write: (chunk) => text.write(chunk),
    end: () => {
      throw refusalError(call, head, text.end());
    },
  };
}

function refusalError(call: CallContext, head: ReplyHead, body: string): SluiceError {
  const { target, judge, http } = call;
  if (head.status < 400) {
    const message = `${target.provider.name} redirects (${head.status}); set its base URL to where it redirects to`;
    return new SluiceError('bad_upstream', message, {
      retryable: false,
      upstreamStatus: head.status,
    });
  }
  const fields = parseErrorFields(body);
  return upstreamError({ target, judge, nowMs: http.clock.now() }, head, fields);
}

function isBroken(error: unknown): boolean {
  return (
    error instanceof SluiceError &&
    (error.code === 'upstream_truncated' || error.code === 'upstream_timeout') &&
    error.upstreamStatus === undefined
  );
}
