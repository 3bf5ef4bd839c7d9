import type { IncomingHttpHeaders } from 'node:http';

import type { Target } from '@sluice/config';
import { errorCodes, SluiceError } from '@sluice/contracts';

import type { ErrorFields } from './error-fields.ts';
import type { ReplyHead } from './exchange.ts';
import { judgeError, type Verdict } from './judge-error.ts';
import { excerptOf, redactorOf } from './redact.ts';
import { retryAfterMs } from './retry-after.ts';

/** A vendor's own reading of an error; undefined leaves it to the common table. */
export type Judge = (
  status: number | undefined,
  fields: ErrorFields,
  target: Target,
) => Verdict | undefined;

/** Whose error it is, and when. */
export interface ErrorContext {
  target: Target;
  judge?: Judge | undefined;
  nowMs: number;
}

/**
 * An upstream's refusal as a SluiceError: its meaning, its own words (redacted), how long it asks to wait. `head` is that
 * of the reply; inside a stream its status is a success and says nothing.
 */
export function upstreamError(
  { target, judge, nowMs }: ErrorContext,
  head: ReplyHead,
  fields: ErrorFields,
): SluiceError {
  const status = head.status >= 300 ? head.status : undefined;
  const verdict = judge?.(status, fields, target) ?? judgeError(status, fields);
  const redact = redactorOf(target);
  const said = fields.message === undefined ? '' : `: ${excerptOf(fields.message, redact, 500)}`;
  const hint = verdict.hint === undefined ? '' : ` (${verdict.hint})`;
  const how = status === undefined ? 'sent an error' : `answered ${status}`;
  const retryable = isRetryable(verdict, head.headers);
  return new SluiceError(verdict.code, `${target.provider.name} ${how}${said}${hint}`, {
    retryable,
    retryAfterMs: retryable ? retryAfterMs(head.headers, fields, nowMs) : undefined,
    upstreamStatus: status ?? fields.status,
    upstreamCode: fields.code === undefined ? undefined : excerptOf(fields.code, redact, 100),
    upstreamRequestId: requestIdOf(head.headers),
  });
}

/** The upstream's id of a call, from the headers of its reply. */
export function requestIdOf(headers: IncomingHttpHeaders): string | undefined {
  const id = headers['x-request-id'] ?? headers['request-id'] ?? headers['apim-request-id'];
  return (Array.isArray(id) ? id[0] : id)?.slice(0, 200);
}

/** `x-should-retry: false` stops what would be tried again; it does not revive what cannot succeed. */
function isRetryable(verdict: Verdict, headers: IncomingHttpHeaders): boolean {
  const retryable = verdict.retryable ?? errorCodes[verdict.code].retryable;
  // On a 429 it only tells SDKs not to wait by themselves; waiting is what Sluice is for.
  if (verdict.code === 'rate_limited') return retryable;
  return retryable && headers['x-should-retry'] !== 'false';
}
