import { SluiceError, type ErrorCode } from '@sluice/contracts';

import type { CallContext } from '../http/call-upstream.ts';

/** Failures of the connection after the request went out. */
const broken = new Set<ErrorCode>(['upstream_truncated', 'upstream_timeout', 'bad_upstream']);

/**
 * What a POST that told no run id means. A run has side effects, and Dify knows no idempotency key: where nobody can say
 * whether Dify took the request, the job must not be tried again.
 *
 * | what                                              | a run may exist | again |
 * |---------------------------------------------------|-----------------|-------|
 * | `upstream_unreachable`: nothing was sent          | no              | yes   |
 * | an error that Dify itself reports, 503, any 4xx   | no              | as it says |
 * | silence, a break, something that is no event      | yes             | no    |
 * | 5xx of a proxy in front of Dify (no code)         | yes             | no    |
 */
export function startFailure(thrown: unknown, { signal, target }: CallContext): unknown {
  if (signal.aborted || !(thrown instanceof SluiceError)) return thrown;
  if (!thrown.retryable || !isUncertain(thrown)) return thrown;
  const message =
    `${thrown.message}. Not tried again: ${target.provider.name} may have started the run, ` +
    'and a second one would repeat what the first one does';
  const { upstreamStatus, upstreamRequestId } = thrown;
  const facts = { upstreamStatus, upstreamRequestId, cause: thrown };
  return new SluiceError(thrown.code, message, { ...facts, retryable: false });
}

function isUncertain({ code, upstreamStatus, upstreamCode }: SluiceError): boolean {
  if (upstreamStatus === undefined || upstreamStatus < 400) return broken.has(code);
  // 503 says that the request was not handled.
  return upstreamStatus >= 500 && upstreamStatus !== 503 && upstreamCode === undefined;
}
