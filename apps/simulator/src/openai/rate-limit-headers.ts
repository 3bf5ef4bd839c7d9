import type { Reply } from '../server/call.ts';
import type { Gauges, Violation } from '../limits/scope-limiter.ts';
import { formatDuration } from './format-duration.ts';
import { openAiError } from './errors.ts';

/**
 * `x-ratelimit-*` of the tightest window of each dimension; a dimension without a limit sends none.
 * @see https://platform.openai.com/docs/guides/rate-limits#rate-limits-in-headers
 */
export function rateLimitHeaders({ requests, tokens }: Gauges): Record<string, string> {
  const headers: Record<string, string> = {};
  if (requests !== undefined) {
    headers['x-ratelimit-limit-requests'] = String(requests.limit);
    headers['x-ratelimit-remaining-requests'] = String(requests.remaining);
    headers['x-ratelimit-reset-requests'] = formatDuration(requests.resetMs);
  }
  if (tokens !== undefined) {
    headers['x-ratelimit-limit-tokens'] = String(tokens.limit);
    headers['x-ratelimit-remaining-tokens'] = String(tokens.remaining);
    headers['x-ratelimit-reset-tokens'] = formatDuration(tokens.resetMs);
  }
  return headers;
}

/** The 429 of a broken limit, with `retry-after` in whole seconds and `retry-after-ms`. */
export function rateLimitReply(violation: Violation, model: string): Reply {
  const { dimension, limit, used, requested, waitMs } = violation;
  if (dimension === 'concurrency') {
    const message = `Too many concurrent requests for ${model}: Limit ${limit}, Open ${used}.`;
    return limited('requests', message, 1000);
  }
  const type = dimension === 'requests' ? 'requests' : 'tokens';
  const place = `for ${model} in organization org-simulator on ${nameWindow(violation)}`;
  if (waitMs === undefined || waitMs === Infinity) {
    const hint = 'The input or output tokens must be reduced in order to run successfully.';
    const message = `Request too large ${place}: Limit ${limit}, Requested ${requested}. ${hint}`;
    return limited(type, message, undefined);
  }
  const wait = formatDuration(waitMs);
  const numbers = `Limit ${limit}, Used ${used}, Requested ${requested}`;
  const message = `Rate limit reached ${place}: ${numbers}. Please try again in ${wait}.`;
  return limited(type, message, Math.ceil(waitMs));
}

function limited(type: 'requests' | 'tokens', message: string, waitMs: number | undefined): Reply {
  const reply = openAiError(429, { message, type, code: 'rate_limit_exceeded' });
  if (waitMs === undefined) return reply;
  const headers = {
    'retry-after': String(Math.ceil(waitMs / 1000)),
    'retry-after-ms': String(waitMs),
  };
  return { ...reply, headers };
}

function nameWindow({ dimension, windowMs }: Violation): string {
  const letter = dimension === 'requests' ? 'R' : 'T';
  if (windowMs === 60_000) return `${dimension} per min (${letter}PM)`;
  if (windowMs === 86_400_000) return `${dimension} per day (${letter}PD)`;
  return `${dimension} per ${formatDuration(windowMs)}`;
}
