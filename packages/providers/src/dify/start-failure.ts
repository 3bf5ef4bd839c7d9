import { SluiceError, type ErrorCode } from '@sluice/contracts';

import type { CallContext } from '../http/call-upstream.ts';

/** Failures of the connection after the request went out. */
const broken = new Set<ErrorCode>(['upstream_truncated', 'upstream_timeout', 'bad_upstream']);

/**
 * Whether a run may exist although the POST told no id of it. A run has side effects, and Dify knows no idempotency key:
 *
 * | what                                              | a run may exist |
 * |---------------------------------------------------|-----------------|
 * | `upstream_unreachable`: nothing was sent          | no              |
 * | an error that Dify itself reports, 503, any 4xx   | no              |
 * | silence, a break, something that is no event      | yes             |
 * | 5xx of a proxy in front of Dify (no code)         | yes             |
 */
export function mayHaveStarted(error: SluiceError): boolean {
  const { code, upstreamStatus, upstreamCode } = error;
  if (upstreamStatus === undefined || upstreamStatus < 400) return broken.has(code);
  // 503 says that the request was not handled.
  return upstreamStatus >= 500 && upstreamStatus !== 503 && upstreamCode === undefined;
}

/** The same failure, not to be tried again: the app's policy forbids to call it a second time. */
export function mustNotRepeat(error: SluiceError, { target }: CallContext): SluiceError {
  const message =
    `${error.message}. Not tried again: ${target.provider.name} may have started the run, ` +
    'and a second one would repeat what the first one does (onCrash: fail)';
  const { upstreamStatus, upstreamRequestId } = error;
  const facts = { upstreamStatus, upstreamRequestId, cause: error };
  return new SluiceError(error.code, message, { ...facts, retryable: false });
}
