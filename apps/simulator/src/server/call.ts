import type { IncomingHttpHeaders } from 'node:http';
import type { OpenEntry } from '../ledger/ledger.ts';
import type { ScopeLimiter } from '../limits/scope-limiter.ts';

/** A whole answer. */
export type Reply = { status: number; headers?: Record<string, string>; body: string };

/** One call of a dialect, as far as it is known before the dialect looks at it. */
export type Call = {
  readonly method: string;
  readonly path: string;
  /** Named parts of the route's path. */
  readonly params: Record<string, string>;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** The body as JSON; undefined when there is none or it cannot be parsed. */
  readonly json: unknown;
  /** The API key; empty when none was sent. */
  readonly key: string;
  /** Monotonic ms at which the headers arrived. */
  readonly arrivedAt: number;
  readonly requestId: string;
  readonly limiter: ScopeLimiter;
  readonly ledger: OpenEntry;
};
