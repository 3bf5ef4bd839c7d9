import { errorOfResponse, SluiceClientError } from './client-error.ts';
import { pause } from './pause.ts';

export interface ClientOptions {
  /** Where Sluice is, as `https://sluice.example.com`; `http://127.0.0.1:8080` by default. */
  baseUrl?: string;
  apiKey: string;
  /** How often a request is sent again after a failure that may pass; 5 by default. */
  maxRetries?: number;
  /** How long one try may take to answer, milliseconds; 60,000 by default. */
  timeoutMs?: number;
  /** Sent with every request. */
  headers?: Record<string, string>;
  /** The runtime's own by default. */
  fetch?: typeof fetch;
}

export interface ClientRequest {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  path: string;
  query?: Readonly<Record<string, string | number | boolean | undefined>> | undefined;
  /** Sent as JSON, or as it is where it is a form. */
  body?: unknown;
  headers?: Record<string, string>;
  /** Ends the request and all of its tries. */
  signal?: AbortSignal | undefined;
  timeoutMs?: number;
  /** Whether a second time does no harm; by default of everything but a POST. */
  repeatable?: boolean;
}

/** Sends a request, again after failures that may pass, and resolves with the answer: always 2xx. */
export type Send = (request: ClientRequest) => Promise<Response>;

/** The answer's JSON, in the form that the API's description gives it; the text of what is none. */
export async function readJson<Body>(answer: Promise<Response>): Promise<Body> {
  const response = await answer;
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.startsWith('application/json');
  // Validated by the server, which is the only one that knows every field.
  return (isJson ? JSON.parse(text) : text) as Body;
}

const firstPauseMs = 250;
const longestPauseMs = 8_000;
/** A server that asks for more time than this is told to the caller instead. */
const longestRetryAfterMs = 60_000;

/** See {@link Send}. Rejects with {@link SluiceClientError}, or with the reason of `signal`. */
export function createSender(options: ClientOptions): Send {
  const { maxRetries = 5 } = options;
  return async (request) => {
    for (let retries = 0; ; retries += 1) {
      // One try after the other is what retries are.
      // oxlint-disable-next-line no-await-in-loop
      const outcome = await tryOnce(request, options);
      if (outcome instanceof Response) return outcome;
      const waitMs = pauseAfter(outcome, request, retries);
      if (retries >= maxRetries || waitMs === undefined) throw outcome.error;
      // oxlint-disable-next-line no-await-in-loop
      await pause(waitMs, request.signal);
    }
  };
}

interface Failure {
  error: SluiceClientError;
  /** What the server says of it in `x-should-retry`. */
  mayRepeat?: boolean;
}

async function tryOnce(
  { method, path, query, body, headers, signal, timeoutMs }: ClientRequest,
  options: ClientOptions,
): Promise<Response | Failure> {
  const { baseUrl = 'http://127.0.0.1:8080', timeoutMs: usualMs = 60_000 } = options;
  const url = new URL(path, baseUrl);
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined) url.searchParams.set(name, String(value));
  }
  const ends = endsOf(signal, timeoutMs ?? usualMs);
  try {
    const response = await (options.fetch ?? fetch)(url, {
      method,
      headers: {
        ...options.headers,
        ...(body !== undefined && !isForm(body) && { 'Content-Type': 'application/json' }),
        ...headers,
        Authorization: `Bearer ${options.apiKey}`,
      },
      ...(body !== undefined && { body: isForm(body) ? body : JSON.stringify(body) }),
      signal: ends.signal,
    });
    if (response.ok) return response;
    const mayRepeat = response.headers.get('x-should-retry');
    return {
      error: await errorOfResponse(response),
      ...(mayRepeat !== null && { mayRepeat: mayRepeat === 'true' }),
    };
  } catch (error) {
    signal?.throwIfAborted();
    const why = `no answer from ${url.origin}: ${error instanceof Error ? error.message : 'unknown'}`;
    return { error: new SluiceClientError('connection_failed', why, { cause: error }) };
  } finally {
    ends.clear();
  }
}

/** The try ends with the caller's signal, or when no answer has begun in time; a body may take as long as it likes. */
function endsOf(signal: AbortSignal | undefined, timeoutMs: number) {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(new Error(`none in ${timeoutMs} ms`)), timeoutMs);
  const both = signal ? AbortSignal.any([signal, controller.signal]) : controller.signal;
  return { signal: both, clear: () => clearTimeout(timer) };
}

function isForm(body: unknown): body is FormData {
  return body instanceof FormData;
}

/** How long to wait before the next try, milliseconds; `undefined`: there must be none. */
function pauseAfter(
  { error, mayRepeat }: Failure,
  { method, repeatable = method !== 'POST' }: ClientRequest,
  retries: number,
): number | undefined {
  const { status, retryAfterMs } = error;
  // Sluice refuses with these before it has done anything.
  const wasRefused = status === 429 || status === 503;
  const mayPass = status === undefined || status === 408 || status === 429 || status >= 500;
  if (!(mayRepeat ?? mayPass) || (!repeatable && !wasRefused)) return undefined;
  if (retryAfterMs !== undefined && retryAfterMs > longestRetryAfterMs) return undefined;
  const spread = Math.random() * Math.min(longestPauseMs, firstPauseMs * 2 ** retries);
  return (retryAfterMs ?? 0) + spread;
}
