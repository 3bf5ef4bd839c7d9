/** The longest pause a receiver can ask for: nobody parks a delivery for a year. */
export const maxRetryAfterMs = 24 * 60 * 60 * 1000;

/**
 * A reply's `Retry-After` (seconds or an HTTP date) in milliseconds from now, at most {@link maxRetryAfterMs}.
 * `undefined` when it is absent, unreadable or past. A date is measured against the reply's own `Date`, where there is
 * one, so that a receiver's wrong clock does not matter.
 * @see https://www.rfc-editor.org/rfc/rfc9110#field.retry-after
 */
export function parseRetryAfter(
  retryAfter: string | undefined,
  date: string | undefined,
  nowMs: number,
): number | undefined {
  if (retryAfter === undefined) return undefined;
  const waitMs = /^\d+$/.test(retryAfter)
    ? Number(retryAfter) * 1000
    : parseHttpDate(retryAfter) - (parseHttpDate(date ?? '') || nowMs);
  // Not a number fails the comparison.
  return waitMs > 0 ? Math.min(waitMs, maxRetryAfterMs) : undefined;
}

/** Epoch milliseconds of an HTTP date in GMT; not a number for anything else, which `Date.parse` alone would guess at. */
function parseHttpDate(text: string): number {
  return /^[A-Z][a-z]+, .+ GMT$/.test(text) ? Date.parse(text) : Number.NaN;
}
