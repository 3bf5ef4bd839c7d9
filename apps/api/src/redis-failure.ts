import { SluiceError } from '@sluice/contracts';

/**
 * An error that Redis or the connection to it caused, in Sluice's words; `undefined` for any other. ioredis has no common
 * class for them, so they are told by name, code and the words at the start of the message. `retryable` is false where a
 * job may have been stored: without an Idempotency-Key a second try could be a second job.
 */
export function fromRedisFailure(error: unknown): SluiceError | undefined {
  if (!(error instanceof Error)) return undefined;
  if (/\bOOM\b/.test(error.message)) {
    return new SluiceError('overloaded', 'Redis is full: no new work is accepted', {
      cause: error,
    });
  }
  if (neverSent.test(error.message) || refusesWrites.test(error.message)) {
    return new SluiceError('unavailable', 'Redis is not available: nothing was stored', {
      cause: error,
    });
  }
  if (cutOff.test(error.message) || error.name === 'MaxRetriesPerRequestError') {
    return new SluiceError(
      'unavailable',
      'the connection to Redis broke: whether anything was stored is unknown. ' +
        'A retry with the same Idempotency-Key is safe',
      { cause: error, retryable: false },
    );
  }
  return undefined;
}

const neverSent = /^(Stream isn't writeable|connect E|getaddrinfo )|ECONNREFUSED/;
const refusesWrites = /^(LOADING|READONLY|MASTERDOWN|CLUSTERDOWN|MISCONF|NOREPLICAS|BUSY) /;
const cutOff = /^(Connection is closed|Command timed out|read E|write E)|ECONNRESET|EPIPE/;
