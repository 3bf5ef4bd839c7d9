import type { ErrorCode, JobView } from '@sluice/contracts';

export interface SluiceErrorDetails {
  /** HTTP status; absent when no answer came. */
  status?: number;
  /** The field that is wrong, as `input.messages.0.role`. */
  param?: string;
  /** What the server's log has the request under. */
  requestId?: string;
  /** When the server wants to be asked again, milliseconds from the answer. */
  retryAfterMs?: number;
  /** Only of `job_failed`: the job as it ended, with its error. */
  job?: JobView;
  cause?: unknown;
}

/** The server's codes, and what only a client can see. */
export type ClientErrorCode =
  | ErrorCode
  /** No answer: the server cannot be reached or the connection broke. */
  | 'connection_failed'
  /** Whoever answered is not Sluice. */
  | 'bad_answer'
  /** The wait is over and the job goes on. */
  | 'wait_over'
  /** The job ended without a result. */
  | 'job_failed'
  /** The webhook was not signed with this secret, or was signed too long ago. */
  | 'bad_signature';

/** Every failure of this package. Which one it is, `code` says. */
export class SluiceClientError extends Error {
  override readonly name = 'SluiceClientError';
  readonly code: ClientErrorCode;
  readonly status: number | undefined;
  readonly param: string | undefined;
  readonly requestId: string | undefined;
  readonly retryAfterMs: number | undefined;
  readonly job: JobView | undefined;

  constructor(code: ClientErrorCode, message: string, details: SluiceErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.status = details.status;
    this.param = details.param;
    this.requestId = details.requestId;
    this.retryAfterMs = details.retryAfterMs;
    this.job = details.job;
  }
}

/** The error that an answer with a failing status says. Never rejects. */
export async function errorOfResponse(response: Response): Promise<SluiceClientError> {
  const text = await response.text().catch(() => '');
  const error = parseError(text);
  const retryAfterMs = retryAfterOf(response.headers);
  const requestId = response.headers.get('x-request-id');
  const { status } = response;
  const details = {
    status,
    ...(error?.param && { param: error.param }),
    ...(requestId !== null && { requestId }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  };
  if (error) return new SluiceClientError(error.code, error.message, details);
  const start = text.slice(0, 200);
  return new SluiceClientError('bad_answer', `HTTP ${status}: ${start || 'no text'}`, details);
}

interface ErrorBody {
  code: ErrorCode;
  message: string;
  param?: string | null;
}

function parseError(text: string): ErrorBody | undefined {
  try {
    // The form of every error of Sluice; what is missing shows that somebody else has answered.
    const { error } = JSON.parse(text) as { error?: Partial<ErrorBody> };
    if (!error?.code || !error.message) return undefined;
    return { ...error, code: error.code, message: error.message };
  } catch {
    return undefined;
  }
}

/** `Retry-After` in milliseconds: seconds or a date, counted from the server's own `Date`. */
function retryAfterOf(headers: Headers): number | undefined {
  const value = headers.get('retry-after');
  if (value === null) return undefined;
  const seconds = Number(value);
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1_000);
  const untilMs = Date.parse(value) - Date.parse(headers.get('date') ?? '');
  return Number.isFinite(untilMs) ? Math.max(0, untilMs) : undefined;
}
