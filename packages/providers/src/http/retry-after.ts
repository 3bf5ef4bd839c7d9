import type { IncomingHttpHeaders } from 'node:http';

import { parseDurationMs, parseResetMs } from './duration.ts';

const maxRetryAfterMs = 10 * 60_000;

/**
 * How long an upstream asks to wait, in milliseconds from 0 to ten minutes; undefined where it does not say, or says
 * something that cannot be (negative, no number), so that the caller's own default applies. The first that says wins:
 * `retry-after-ms`, `x-ms-retry-after-ms`, `retry-after` (seconds or date), the error's `retryDelay` (Google), its text
 * (“try again in 12.5s”), then the reset of the dimension that has nothing left (`x-ratelimit-*`, `anthropic-ratelimit-*`),
 * `x-rate-limit-reset-tokens` (older Azure deployments, which do not say what is left).
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3
 */
export function retryAfterMs(
  headers: IncomingHttpHeaders,
  said: { message?: string | undefined; retryDelay?: string | undefined },
  nowMs: number,
): number | undefined {
  // A date is told by the upstream's clock, so it is compared with the upstream's clock.
  const upstreamNowMs = parseDateMs(textOf(headers['date'])) ?? nowMs;
  const waitMs =
    parseNumber(textOf(headers['retry-after-ms']), 1) ??
    parseNumber(textOf(headers['x-ms-retry-after-ms']), 1) ??
    parseRetryAfter(textOf(headers['retry-after']), upstreamNowMs) ??
    parseDurationMs(said.retryDelay ?? '') ??
    waitInText(said.message) ??
    resetOfExhausted(headers, upstreamNowMs) ??
    parseResetMs(textOf(headers['x-rate-limit-reset-tokens']) ?? '', upstreamNowMs);
  if (waitMs === undefined || !Number.isFinite(waitMs) || waitMs < 0) return undefined;
  return Math.min(Math.ceil(waitMs), maxRetryAfterMs);
}

function parseRetryAfter(value: string | undefined, nowMs: number): number | undefined {
  const seconds = parseNumber(value, 1_000);
  if (seconds !== undefined) return seconds;
  const dateMs = parseDateMs(value);
  if (dateMs !== undefined) return dateMs < nowMs ? undefined : dateMs - nowMs;
  return value === undefined ? undefined : parseDurationMs(value);
}

/** A number that is not negative, in milliseconds. */
function parseNumber(value: string | undefined, unitMs: number): number | undefined {
  if (value === undefined || !/^\d+(?:\.\d+)?(?:e\d+)?$/i.test(value.trim())) return undefined;
  return Math.min(Number(value) * unitMs, maxRetryAfterMs);
}

/** An HTTP-date. `Date.parse` alone takes nearly anything: `-5` is a day in May 2001. */
function parseDateMs(value: string | undefined): number | undefined {
  const isDate = value !== undefined && /^[a-z]{3,9},? .*\d\d:\d\d:\d\d/i.test(value.trim());
  const dateMs = isDate ? Date.parse(value) : Number.NaN;
  return Number.isNaN(dateMs) ? undefined : dateMs;
}

const units: Record<string, string> = {
  milliseconds: 'ms',
  seconds: 's',
  secs: 's',
  minutes: 'm',
  mins: 'm',
  hours: 'h',
  days: 'd',
};

const unit = '(?:milliseconds?|ms|seconds?|secs?|s|minutes?|mins?|m|hours?|h|days?|d)';
/** “Please try again in 1m30.5s.”, “Please retry after 20 seconds.”; a unit is followed by a digit or by no letter. */
const phrase = new RegExp(
  `(?:try again in|retry after|retry in|wait)\\s+((?:\\d+(?:\\.\\d+)?\\s*${unit}(?![a-z])[\\s,]*)+)`,
  'i',
);

function waitInText(message: string | undefined): number | undefined {
  const wait = phrase.exec(message ?? '')?.[1];
  if (wait === undefined) return undefined;
  const compact = wait
    .toLowerCase()
    .replace(/[a-z]+/g, (word) => units[word] ?? units[`${word}s`] ?? word)
    .replace(/[\s,]+/g, '');
  return parseDurationMs(compact);
}

/** The longest reset among the dimensions of which nothing remains. */
function resetOfExhausted(headers: IncomingHttpHeaders, nowMs: number): number | undefined {
  let longestMs: number | undefined;
  for (const [name, value] of Object.entries(headers)) {
    const resetName = resetHeaderOf(name);
    if (resetName === undefined || textOf(value)?.trim() !== '0') continue;
    const resetMs = parseResetMs(textOf(headers[resetName]) ?? '', nowMs);
    if (resetMs !== undefined) longestMs = Math.max(longestMs ?? resetMs, resetMs);
  }
  return longestMs;
}

function resetHeaderOf(name: string): string | undefined {
  if (name.startsWith('x-ratelimit-remaining')) return name.replace('remaining', 'reset');
  const anthropic = /^(anthropic-.*)-remaining$/.exec(name);
  return anthropic ? `${anthropic[1]}-reset` : undefined;
}

function textOf(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}
