/** A day in California: its date, and when the next one begins (epoch milliseconds). */
export interface PacificDay {
  date: string;
  endsAtMs: number;
}

/** A clock that is ahead of the vendor's must not count a call to a day that has not begun there. */
const skewMs = 5_000;

const hourMs = 3_600_000;

/** Made when a limit asks for it: reading the time zones takes 20 ms, which most processes never need. */
let format: Intl.DateTimeFormat | undefined;

let latest: (PacificDay & { startsAtMs: number }) | undefined;

/**
 * The day that a call at `nowMs` counts to, of limits that are reset at midnight in California. It begins 5 s late.
 * @see https://ai.google.dev/gemini-api/docs/rate-limits
 */
export function pacificDay(nowMs: number): PacificDay {
  if (latest && nowMs >= latest.startsAtMs && nowMs < latest.endsAtMs) return latest;
  const date = dateOf(nowMs);
  let endsAtMs = Math.ceil((nowMs - skewMs) / hourMs) * hourMs;
  // Offsets from UTC are whole hours there, also on the days with 23 and 25 of them.
  while (dateOf(endsAtMs + skewMs) === date) endsAtMs += hourMs;
  latest = { date, startsAtMs: nowMs, endsAtMs: endsAtMs + skewMs };
  return latest;
}

function dateOf(nowMs: number): string {
  format ??= new Intl.DateTimeFormat('en-CA', { timeZone: 'America/Los_Angeles' });
  return format.format(nowMs - skewMs);
}
