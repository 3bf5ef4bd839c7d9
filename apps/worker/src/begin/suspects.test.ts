import { createFakeClock } from '@sluice/testing';
import { expect, test } from 'vitest';

import type { JobRecord } from '@sluice/contracts';

import { Suspects } from './suspects.ts';

const job = (jobId: string, interruptions: number) =>
  // Only what a suspect is told by.
  ({ jobId, run: `${jobId}.1`, interruptions }) as JobRecord;

test('a worker runs one suspect at a time beside any number of other jobs', () => {
  const suspects = new Suspects(createFakeClock());
  expect(suspects.admit(job('a', 2))).toBeUndefined();
  expect(suspects.admit(job('b', 0))).toBeUndefined();
  expect(suspects.admit(job('c', 1))).toBeUndefined();
  expect(suspects.admit(job('d', 4))).toMatchObject({ kind: 'wait', scope: 'tenant' });
  suspects.leave('b.1');
  // Its ticket has come by once more.
  suspects.leave('a.2');
  expect(suspects.admit(job('d', 4))).toMatchObject({ kind: 'wait' });
  suspects.leave('a.1');
  expect(suspects.admit(job('d', 4))).toBeUndefined();
});
