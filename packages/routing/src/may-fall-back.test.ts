import { describe, expect, it } from 'vitest';

import { errorCodes, type ErrorCode } from '@sluice/contracts';

import { mayFallBack } from './may-fall-back.ts';

// Every code is known, so that a new one has to be decided here too.
const codes = Object.keys(errorCodes) as ErrorCode[];

describe('mayFallBack', () => {
  it('goes on where another upstream may succeed, and nowhere else', () => {
    expect(codes.filter((code) => mayFallBack({ code }))).toEqual([
      'rate_limited',
      'upstream_overloaded',
      'quota_exceeded',
      'upstream_auth',
      'upstream_not_found',
      'context_length_exceeded',
      'upstream_timeout',
      'upstream_unreachable',
      'upstream_truncated',
      'bad_upstream',
      'upstream_error',
    ]);
  });
});
