import type { IncomingHttpHeaders } from 'node:http';

import type { Unit } from '@sluice/config';

import { parseResetMs } from './duration.ts';

/** What an upstream says is left of one of its limits. */
export interface RemainingReport {
  unit: Unit;
  units: number;
  /** Until all of it is back, in milliseconds; absent where it does not say. It is no longer than the limit's window. */
  resetMs: number | undefined;
}

/** Headers by what they count. `-1` means that the upstream does not know, on Azure `0` too. */
const dimensions: readonly { unit: Unit; remaining: string; reset: string }[] = [
  { unit: 'requests', ...xRateLimit('requests') },
  { unit: 'tokens', ...xRateLimit('tokens') },
  { unit: 'tokens', ...xRateLimit('project-tokens') },
  { unit: 'requests', ...anthropic('requests') },
  { unit: 'tokens', ...anthropic('tokens') },
  { unit: 'inputTokens', ...anthropic('input-tokens') },
  { unit: 'outputTokens', ...anthropic('output-tokens') },
];

function xRateLimit(name: string) {
  return { remaining: `x-ratelimit-remaining-${name}`, reset: `x-ratelimit-reset-${name}` };
}

function anthropic(name: string) {
  const prefix = `anthropic-ratelimit-${name}`;
  return { remaining: `${prefix}-remaining`, reset: `${prefix}-reset` };
}

/**
 * What is left of the upstream's limits, as the headers of its reply say. Empty where they say nothing.
 * @see https://platform.openai.com/docs/guides/rate-limits#rate-limits-in-headers
 * @see https://docs.claude.com/en/api/rate-limits#response-headers
 */
export function remainingOf(
  headers: IncomingHttpHeaders,
  kind: string,
  nowMs: number,
): RemainingReport[] {
  const reports: RemainingReport[] = [];
  const least = kind === 'azure-openai' ? 1 : 0;
  for (const { unit, remaining, reset } of dimensions) {
    const text = headers[remaining];
    if (typeof text !== 'string' || !/^\d{1,15}$/.test(text.trim())) continue;
    const units = Number(text);
    if (units < least) continue;
    const resetText = headers[reset];
    const resetMs = typeof resetText === 'string' ? parseResetMs(resetText, nowMs) : undefined;
    reports.push({
      unit,
      units,
      resetMs: resetMs === undefined || !(resetMs >= 0) ? undefined : resetMs,
    });
  }
  return reports;
}
