import type { Request, Response } from 'express';

/** Longest wait for a job in one request, in seconds. */
export const maxWaitSeconds = 60;

/**
 * Aborts when nobody waits for the answer any more: the client has gone or the process stops.
 */
export function goneSignal(response: Response, closing: AbortSignal): AbortSignal {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  return AbortSignal.any([gone.signal, closing]);
}

/**
 * Seconds that the client is ready to wait, from `Prefer: wait=N`; 0 without it. A preference is never an error: what
 * cannot be read is ignored, more than the maximum is the maximum.
 * @see https://www.rfc-editor.org/rfc/rfc7240#section-4.3
 */
export function preferredWaitSeconds(request: Request): number {
  const given = request.headers['prefer'];
  if (given === undefined) return 0;
  const found = /(?:^|[,;\s])wait\s*=\s*"?(\d{1,9})"?\s*(?:$|[,;])/i.exec(String(given));
  return Math.min(Number(found?.[1] ?? 0), maxWaitSeconds);
}
