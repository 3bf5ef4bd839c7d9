import type { Response } from 'express';

import { SluiceError } from '@sluice/contracts';
import type { Claimant, Idempotency } from '@sluice/records';

import { keyReused } from '../accept/accept-job.ts';
import type { ApiDeps } from '../deps.ts';
import { requestIdOf } from '../http/reply.ts';

/** After a process died its calls can be asked for again when this is over. */
const leaseMs = 15_000;
const renewEveryMs = 5_000;

/** When a client that was refused should ask again. */
const retryMs = 1_000;

/**
 * Keeps other requests with the same Idempotency-Key out as long as this one is being answered: until its answer is out or its
 * client has gone. What comes then gets the same job.
 * @throws SluiceError `idempotency_key_in_use`, `idempotency_key_reused`, `unavailable`.
 * @see https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-idempotency-key-header-07#section-2.6
 */
export async function claimAnswer(
  response: Response,
  owner: { tenantId: string; idempotency: Idempotency },
  deps: Pick<ApiDeps, 'records' | 'redisWatch' | 'log'>,
): Promise<void> {
  const claimant: Claimant = { ...owner, id: `${requestIdOf(response)}.${process.pid}` };
  const claiming = deps.records.claimAnswer(claimant, leaseMs);
  const reply = await deps.redisWatch.unlessSilent(claiming, unavailable);
  if (reply === 'mismatch') throw keyReused();
  if (reply === 'in_flight') throw inUse();
  const keep = (forMs: number) => {
    deps.records.keepClaim(claimant, forMs).catch((error: unknown) => {
      deps.log.warn({ err: error }, 'the claim of an answer was not changed');
    });
  };
  const renewing = setInterval(() => keep(leaseMs), renewEveryMs);
  const release = () => {
    clearInterval(renewing);
    keep(0);
  };
  if (response.closed) release();
  else response.once('close', release);
}

function inUse(): SluiceError {
  return new SluiceError(
    'idempotency_key_in_use',
    'Idempotency-Key: the first call with this key is still being answered; ask again later',
    { param: 'Idempotency-Key', retryAfterMs: retryMs },
  );
}

function unavailable(): SluiceError {
  return new SluiceError('unavailable', 'Redis does not answer: nothing was stored');
}
