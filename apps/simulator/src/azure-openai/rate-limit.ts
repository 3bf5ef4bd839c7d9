import type { Gauges, Violation, WindowGauge } from '../limits/scope-limiter.ts';
import type { Call, Reply } from '../server/call.ts';
import { azureError, highDemand } from './errors.ts';

/** What Azure says to wait when a call is larger than the limit itself: a day. */
const NEVER_SECONDS = 86_400;
const OPERATIONS: Record<string, string> = {
  chat: 'ChatCompletions_Create',
  embedding: 'Embeddings_Create',
};

/**
 * `x-ratelimit-*` of each dimension that has a limit; resets are whole seconds, not OpenAI's durations.
 * @see https://github.com/openai/openai-dotnet/issues/838
 */
export function rateLimitHeaders({ requests, tokens }: Gauges): Record<string, string> {
  return { ...gaugeHeaders('requests', requests), ...gaugeHeaders('tokens', tokens) };
}

/**
 * The 429 of a broken limit: the code is a number as text, the wait stands in the message and in
 * `retry-after`.
 * @see https://github.com/openai/openai-python/issues/937
 */
export function rateLimitReply(violation: Violation, call: Call): Reply {
  const { dimension, waitMs } = violation;
  if (dimension === 'concurrency' || waitMs === undefined) {
    return { ...highDemand(1), headers: { 'retry-after': '1' } };
  }
  const seconds = waitMs === Infinity ? NEVER_SECONDS : Math.max(1, Math.ceil(waitMs / 1000));
  const rate = dimension === 'requests' ? 'call' : 'token';
  const operation = OPERATIONS[call.ledger.entry.kind] ?? 'Unknown';
  const version = call.query.get('api-version') ?? 'v1';
  const message =
    `Requests to the ${operation} Operation under Azure OpenAI API version ${version} have exceeded ` +
    `${rate} rate limit of your current OpenAI S0 pricing tier. Please retry after ${seconds} seconds. ` +
    'Please go here: https://aka.ms/oai/quotaincrease if you would like to further increase the ' +
    'default rate limit.';
  const policy =
    dimension === 'requests' ? 'DeploymentRatelimit-Call' : 'DeploymentRatelimit-Token';
  const headers = { 'retry-after': String(seconds), 'policy-id': policy };
  return { ...azureError(429, '429', message), headers };
}

function gaugeHeaders(name: string, gauge: WindowGauge | undefined): Record<string, string> {
  if (gauge === undefined) return {};
  return {
    [`x-ratelimit-limit-${name}`]: String(gauge.limit),
    [`x-ratelimit-remaining-${name}`]: String(gauge.remaining),
    [`x-ratelimit-reset-${name}`]: String(Math.ceil(gauge.resetMs / 1000)),
  };
}
