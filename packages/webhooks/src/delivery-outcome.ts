import { SluiceError } from '@sluice/contracts';
import { errors } from 'undici';

/**
 * What one POST came to.
 *
 * | what happened                                | kind      | reason            | the caller then                      |
 * |----------------------------------------------|-----------|-------------------|--------------------------------------|
 * | 2xx                                          | delivered |                   | is done                              |
 * | 410                                          | rejected  | `gone`            | stops sending to this endpoint       |
 * | blocked address, scheme or user info         | rejected  | `blocked_address` | gives up: a later attempt is no safer |
 * | any other status; 3xx is never followed      | retry     | `status`          | waits as the schedule says           |
 * | no reply within the timeout                  | retry     | `timeout`         | waits as the schedule says           |
 * | no name, refused, reset, TLS failure         | retry     | `unreachable`     | waits as the schedule says           |
 * | a reply that is not HTTP, or huge headers    | retry     | `bad_response`    | waits as the schedule says           |
 */
export type DeliveryOutcome =
  | { kind: 'delivered'; status: number; durationMs: number; excerpt: string }
  | {
      kind: 'retry';
      reason: 'status' | 'timeout' | 'unreachable' | 'bad_response';
      /** One line for the delivery log. */
      message: string;
      durationMs: number;
      status?: number;
      /** What the reply's `Retry-After` asks for; at most 24 h. */
      retryAfterMs?: number;
      /** Start of the reply's body, for the delivery log. It is the receiver's text: data, never markup. */
      excerpt?: string;
    }
  | {
      kind: 'rejected';
      reason: 'gone' | 'blocked_address';
      message: string;
      durationMs: number;
      status?: number;
      excerpt?: string;
    };

/** What the receiver answered. */
export interface Reply {
  status: number;
  retryAfterMs: number | undefined;
  excerpt: string;
}

/** The status alone decides: Standard Webhooks knows 2xx as success and 410 as "never again". */
export function outcomeOfReply(reply: Reply, durationMs: number): DeliveryOutcome {
  const { status, excerpt, retryAfterMs } = reply;
  if (status >= 200 && status < 300) return { kind: 'delivered', status, durationMs, excerpt };
  if (status === 410) {
    const message = 'HTTP 410: the receiver wants no more deliveries';
    return { kind: 'rejected', reason: 'gone', message, status, durationMs, excerpt };
  }
  const isRedirect = status >= 300 && status < 400;
  return {
    kind: 'retry',
    reason: 'status',
    message: `HTTP ${status}${isRedirect ? ': redirects are not followed' : ''}`,
    status,
    durationMs,
    excerpt,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  };
}

/** Thrown by the sender when the time of a delivery is over. */
export class DeliveryTimeout extends Error {
  override readonly name = 'DeliveryTimeout';

  constructor(timeoutMs: number) {
    super(`no complete reply within ${timeoutMs} ms`);
  }
}

/**
 * The outcome of a POST that got no reply.
 * @throws `error` itself if it is none of the network: a defect must not look like a receiver that is down.
 */
export function outcomeOfFailure(error: unknown, durationMs: number): DeliveryOutcome {
  if (error instanceof SluiceError && error.code === 'blocked_address') {
    const { message } = error;
    return { kind: 'rejected', reason: 'blocked_address', message, durationMs };
  }
  if (error instanceof DeliveryTimeout) {
    return { kind: 'retry', reason: 'timeout', message: error.message, durationMs };
  }
  const cause = firstCause(error);
  // The parser's errors have no code in this version of undici.
  if (cause instanceof errors.HTTPParserError) {
    return { kind: 'retry', reason: 'bad_response', message: cause.message, durationMs };
  }
  const code = codeOf(cause);
  if (code === undefined || ourDefects.has(code)) throw error;
  const message = `${code}: ${cause instanceof Error ? cause.message : ''}`;
  return { kind: 'retry', reason: reasonOf(code), message, durationMs };
}

/** What undici reports when it is misused: a header that is none, a sender that was closed before. */
const ourDefects: ReadonlySet<string> = new Set([
  'UND_ERR_INVALID_ARG',
  'UND_ERR_CLOSED',
  'UND_ERR_DESTROYED',
]);

/** With several addresses Node tells of each one that failed; the first speaks for all. */
function firstCause(error: unknown): unknown {
  return error instanceof AggregateError && error.errors.length > 0 ? error.errors[0] : error;
}

function codeOf(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}

function reasonOf(code: string): 'timeout' | 'unreachable' | 'bad_response' {
  if (code === 'UND_ERR_CONNECT_TIMEOUT' || code === 'ETIMEDOUT') return 'timeout';
  if (code === 'UND_ERR_HEADERS_OVERFLOW') return 'bad_response';
  return 'unreachable';
}
