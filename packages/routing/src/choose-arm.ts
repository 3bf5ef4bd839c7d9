import { createHash } from 'node:crypto';

import type { Split } from '@sluice/config';

/** Who asks: what may stay in one arm. */
export interface Asking {
  jobId: string;
  tenantId: string;
  user?: string | undefined;
  sessionId?: string | undefined;
}

/**
 * The arm of a job, by a hash: equal for everything that stays together, spread by weight over all else. An arm that was
 * rolled back keeps its place, and its jobs go to the first arm: nobody else moves.
 */
export function chooseArm(
  { arms, stickyBy, salt }: Split,
  asking: Asking,
  isRolledBack: (model: string) => boolean,
): string {
  const total = arms.reduce((sum, { weight }) => sum + weight, 0);
  let left = placeOf(`${salt}\n${stickyKey(stickyBy, asking)}`) * total;
  const [baseline] = arms;
  for (const { model, weight } of arms) {
    left -= weight;
    if (left < 0) return isRolledBack(model) ? baseline.model : model;
  }
  return baseline.model;
}

/** Users and sessions are a tenant's own: two tenants may have the same name for theirs. */
function stickyKey(stickyBy: Split['stickyBy'], asking: Asking): string {
  const { jobId, tenantId, user, sessionId } = asking;
  if (stickyBy === 'tenant') return `tenant ${tenantId}`;
  const ofUser = user === undefined ? undefined : `user ${tenantId} ${user}`;
  const ofSession = sessionId === undefined ? undefined : `session ${tenantId} ${sessionId}`;
  const ofJob = `job ${jobId}`;
  if (stickyBy === 'job') return ofJob;
  return (stickyBy === 'user' ? (ofUser ?? ofSession) : (ofSession ?? ofUser)) ?? ofJob;
}

/** 0 up to but not 1, as even as SHA-256. */
function placeOf(text: string): number {
  return createHash('sha256').update(text).digest().readUIntBE(0, 6) / 2 ** 48;
}
