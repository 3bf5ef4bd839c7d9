import type { Gauges, Violation, WindowGauge } from '../limits/scope-limiter.ts';
import type { Call, Reply } from '../server/call.ts';
import { errorReply } from './errors.ts';

const ROUNDED_TO = 1000;
const NAMES = {
  requests: 'requests',
  tokens: 'tokens',
  inputTokens: 'input tokens',
  outputTokens: 'output tokens',
} as const;

/**
 * `anthropic-ratelimit-*` of each dimension that has a limit; `tokens` is the tighter one of input and
 * output. A reset is the time at which the whole limit is free again.
 * @see https://platform.claude.com/docs/en/api/rate-limits#response-headers
 */
export function rateLimitHeaders(
  { requests, inputTokens, outputTokens }: Gauges,
  toEpochMs: (afterMs: number) => number,
): Record<string, string> {
  const describe = (name: string, gauge: WindowGauge | undefined): Record<string, string> => {
    if (gauge === undefined) return {};
    const prefix = `anthropic-ratelimit-${name}`;
    const remaining = name === 'requests' ? gauge.remaining : round(gauge);
    return {
      [`${prefix}-limit`]: String(gauge.limit),
      [`${prefix}-remaining`]: String(remaining),
      [`${prefix}-reset`]: toRfc3339(toEpochMs(gauge.resetMs)),
    };
  };
  return {
    ...describe('requests', requests),
    ...describe('tokens', tighter(inputTokens, outputTokens)),
    ...describe('input-tokens', inputTokens),
    ...describe('output-tokens', outputTokens),
  };
}

/** The 429 of a broken limit, with `retry-after` in whole seconds unless the call can never fit. */
export function rateLimitReply(violation: Violation, call: Call): Reply {
  const { dimension, waitMs } = violation;
  const message =
    dimension === 'concurrency'
      ? 'Number of concurrent connections has exceeded your rate limit. Please try again later or ' +
        'contact sales at https://claude.com/contact-sales to discuss your options for a rate limit increase.'
      : describeWindow(violation, dimension, call.ledger.entry.model);
  const reply = errorReply({ status: 429, type: 'rate_limit_error', message }, call);
  if (waitMs === Infinity) return reply;
  return { ...reply, headers: { 'retry-after': String(Math.max(1, toSeconds(waitMs ?? 1000))) } };
}

function describeWindow(
  { limit, windowMs }: Violation,
  dimension: keyof typeof NAMES,
  model: string | null,
): string {
  const window = windowMs === 60_000 ? 'minute' : `${windowMs} ms`;
  return (
    `This request would exceed your organization's rate limit of ${limit.toLocaleString('en-US')} ` +
    `${NAMES[dimension]} per ${window} (org: org-simulator, model: ${model ?? 'unknown'}). For details, ` +
    'refer to: https://platform.claude.com/docs/en/api/rate-limits. You can see the response headers ' +
    'for current usage. Please reduce the prompt length or the maximum tokens requested, or try again ' +
    'later. You may also contact sales at https://claude.com/contact-sales to discuss your options for ' +
    'a rate limit increase.'
  );
}

/** The vendor rounds what remains to the nearest thousand; smaller limits, which it has none, stay exact. */
function round({ limit, remaining }: WindowGauge): number {
  if (limit < ROUNDED_TO) return remaining;
  return Math.min(limit, Math.round(remaining / ROUNDED_TO) * ROUNDED_TO);
}

function tighter(a: WindowGauge | undefined, b: WindowGauge | undefined): WindowGauge | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return a.remaining <= b.remaining ? a : b;
}

function toRfc3339(epochMs: number): string {
  return `${new Date(toSeconds(epochMs) * 1000).toISOString().slice(0, 19)}Z`;
}

function toSeconds(ms: number): number {
  return Math.ceil(ms / 1000);
}
