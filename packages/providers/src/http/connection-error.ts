import { SluiceError } from '@sluice/contracts';

/** How far a call had come when its connection broke: `sent` may be executed although nobody hears of it. */
export type CallProgress = 'unsent' | 'sent' | 'replying';

/**
 * An error of the connection as Sluice says it:
 *
 * | what                                    | unsent                     | sent                 | replying             |
 * |-----------------------------------------|----------------------------|----------------------|----------------------|
 * | refused, DNS, TLS, reset, closed        | `upstream_unreachable`     | `upstream_truncated` | `upstream_truncated` |
 * | bytes that are not HTTP                 | –                          | `bad_upstream`       | `bad_upstream`       |
 * | an address that the operator forbids    | `upstream_unreachable`, not to be retried | –     | –                    |
 * | a request that undici refuses to send   | `upstream_invalid_request` | –                    | –                    |
 *
 * `upstream_unreachable` promises that nothing was sent: such a call costs no permit and can always be made again.
 */
export function connectionError(
  provider: string,
  error: Error,
  progress: CallProgress,
): SluiceError {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  if (code === 'UND_ERR_INVALID_ARG' || code === 'UND_ERR_NOT_SUPPORTED') {
    const message = `the request to ${provider} cannot be sent: ${error.message}`;
    return new SluiceError('upstream_invalid_request', message, { cause: error });
  }
  if (error.name === 'HTTPParserError' || code === 'UND_ERR_HEADERS_OVERFLOW') {
    const message = `${provider} sent something that is not HTTP: ${error.message}`;
    return new SluiceError('bad_upstream', message, { cause: error });
  }
  if (error instanceof SluiceError && error.code === 'blocked_address') {
    const message = `${provider} cannot be reached: ${error.message}; the operator can allow it with allowPrivateHosts`;
    return new SluiceError('upstream_unreachable', message, { retryable: false, cause: error });
  }
  if (progress === 'unsent') {
    const message = `${provider} cannot be reached: ${error.message || code}`;
    return new SluiceError('upstream_unreachable', message, { cause: error });
  }
  const where = progress === 'sent' ? 'before the reply' : 'inside the reply';
  const message = `the connection to ${provider} broke ${where} (${code})`;
  return new SluiceError('upstream_truncated', message, { cause: error });
}

/** What a call rejects with when its signal aborts: the reason if it is a SluiceError, else `cancelled`. */
export function abortError(signal: AbortSignal): SluiceError {
  const reason: unknown = signal.reason;
  if (reason instanceof SluiceError) return reason;
  return new SluiceError('cancelled', 'the call was cancelled', { cause: reason });
}
