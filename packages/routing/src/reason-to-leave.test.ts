import { errorCodes, type ErrorCode } from '@sluice/contracts';
import { expect, test } from 'vitest';

import { reasonToLeave } from './reason-to-leave.ts';

// The keys of the table are its codes.
const codes = Object.keys(errorCodes) as ErrorCode[];

test('what another target may do better is a reason to leave; all else is not', () => {
  const byReason = Map.groupBy(codes, (code) => reasonToLeave({ code }));
  expect(byReason.get('error')).toEqual([
    'rate_limited',
    'upstream_overloaded',
    'quota_exceeded',
    'upstream_auth',
    'upstream_not_found',
    'upstream_timeout',
    'upstream_unreachable',
    'upstream_truncated',
    'bad_upstream',
    'upstream_error',
  ]);
  expect(byReason.get('contextWindow')).toEqual(['context_length_exceeded']);
  expect(byReason.get('contentFilter')).toEqual(['content_filtered']);
  expect(byReason.get(undefined)).toContain('workflow_failed');
});
