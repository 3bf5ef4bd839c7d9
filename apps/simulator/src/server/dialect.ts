import type { IncomingHttpHeaders } from 'node:http';
import type { Violation } from '../limits/scope-limiter.ts';
import type { World } from '../world.ts';
import type { Call, Reply } from './call.ts';
import type { Exchange } from './exchange.ts';

/** A call that is valid and would be answered. */
export type PreparedCall = {
  /** Charged to the token windows; 0 for calls that cost nothing. */
  reservedTokens?: number;
  /** Charged to the input token windows; absent = limits of input and output do not apply. */
  inputTokens?: number;
  model?: string;
  /** Whether the answer is an event stream. */
  stream?: boolean;
  /** Answers the call. It must settle the exchange, at once or later. */
  answer(exchange: Exchange): Promise<void> | void;
};

/** A call that is not valid. */
export type Refusal = { refusal: Reply };

/** One route of a dialect. */
export type Route = {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Path after the dialect's prefix; `:name` stands for one part, `:name:verb` for one that ends so. */
  path: string;
  /** What the ledger and faults call it. */
  kind: string;
  /** Whether a call costs money; only such calls are limited. */
  paid: boolean;
  /** Whether it needs no key. */
  public?: boolean;
  prepare(call: Call): PreparedCall | Refusal | Promise<PreparedCall | Refusal>;
};

/**
 * One vendor's way of speaking HTTP. Adding one is a folder that makes a Dialect and a line in
 * `dialects.ts`; limits, faults and the ledger come from the server.
 */
export type Dialect = {
  name: string;
  /** Path all its routes start with, e.g. `/openai/v1`. */
  prefix: string;
  routes: Route[];
  /** The API key of a request; empty when none was sent. */
  readKey(headers: IncomingHttpHeaders, query: URLSearchParams): string;
  /** A refusal when the key is missing or wrong. */
  authenticate(call: Call): Reply | undefined;
  /** Headers every reply carries. */
  headers(call: Call, nowMs: number): Record<string, string>;
  /** The 429 of a broken limit. */
  limited(violation: Violation, call: Call): Reply;
  /** The error body this vendor sends with a status. */
  error(status: number, call: Call): Reply;
  /** A whole stream event that tells of an error after the stream began. */
  errorEvent(data: Record<string, unknown> | undefined): string;
  /** What keeps an event stream alive while there is nothing to say: a comment, or an event. */
  streamKeepAlive: string;
  /** Content-Type of its streams; absent = an event stream. */
  streamContentType?: string;
  /** Forgets runs, conversations and files, and ends what is still going on. */
  reset(): void;
};

/** Makes a dialect on a world. */
export type CreateDialect = (world: World) => Dialect;
