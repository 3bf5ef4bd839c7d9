import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { Split } from '@sluice/config';

import { chooseArm } from './choose-arm.ts';

const canary: Split = {
  kind: 'split',
  arms: [
    { model: 'old', weight: 90 },
    { model: 'new', weight: 10 },
  ],
  stickyBy: 'user',
  salt: 'both',
  rollback: undefined,
};
const allInForce = () => false;
const jobs = Array.from({ length: 10_000 }, (_, i) => ({ jobId: `job_${i}`, tenantId: 'acme' }));

function shareOf(arms: readonly string[], model: string): number {
  return arms.filter((arm) => arm === model).length / arms.length;
}

describe('chooseArm', () => {
  it('gives 10 ± 1 % of 10,000 jobs to an arm of weight 10, without users and with', () => {
    const byJob = jobs.map((job) => chooseArm(canary, job, allInForce));
    expect(Math.abs(shareOf(byJob, 'new') - 0.1)).toBeLessThan(0.01);
    const byUser = jobs.map((job, i) => chooseArm(canary, { ...job, user: `u${i}` }, allInForce));
    expect(Math.abs(shareOf(byUser, 'new') - 0.1)).toBeLessThan(0.01);
  });

  it('keeps a user, a session or a tenant in one arm, whatever the job', () => {
    const text = fc.string({ minLength: 1 });
    fc.assert(
      fc.property(text, text, text, text, (user, sessionId, one, other) => {
        for (const stickyBy of ['user', 'session', 'tenant'] as const) {
          const arms = [one, other].map((jobId) =>
            chooseArm(
              { ...canary, stickyBy },
              { jobId, tenantId: 't', user, sessionId },
              allInForce,
            ),
          );
          expect(arms[0]).toBe(arms[1]);
        }
      }),
    );
  });

  it('moves only the jobs of an arm that was rolled back, to the first', () => {
    const before = jobs.map((job) => chooseArm(canary, job, allInForce));
    const after = jobs.map((job) => chooseArm(canary, job, (model) => model === 'new'));
    expect(before).toContain('new');
    expect(new Set(after)).toEqual(new Set(['old']));
  });

  it('draws again with another salt, and takes users of two tenants for two', () => {
    const users = jobs.map((job, i) => ({ ...job, user: `u${i}` }));
    const first = users.map((job) => chooseArm(canary, job, allInForce));
    const salted = users.map((job) => chooseArm({ ...canary, salt: 'x' }, job, allInForce));
    const other = users.map((job) => chooseArm(canary, { ...job, tenantId: 'x' }, allInForce));
    expect(salted).not.toEqual(first);
    expect(other).not.toEqual(first);
  });

  it('never gives a job to an arm of weight 0', () => {
    const arms: Split['arms'] = [
      { model: 'old', weight: 0 },
      { model: 'new', weight: 1 },
    ];
    const chosen = jobs.map((job) => chooseArm({ ...canary, arms }, job, allInForce));
    expect(new Set(chosen)).toEqual(new Set(['new']));
  });
});
