import { describe, expect, it } from 'vitest';

import { targetOf } from '../conformance/subject.ts';
import { parseErrorFields } from './error-fields.ts';
import { upstreamError } from './upstream-error.ts';

const context = { target: targetOf('x', 'http://x'), nowMs: 0 };

function errorOf(status: number, headers: Record<string, string>, body = '{}') {
  return upstreamError(context, { status, headers }, parseErrorFields(body));
}

describe('x-should-retry', () => {
  it.each([
    [500, 'false', false],
    [500, 'true', true],
    [500, '', true],
    [401, 'true', false],
    [429, 'false', true],
  ])('on %i that says "%s" makes retryable %s', (status, value, retryable) => {
    expect(errorOf(status, { 'x-should-retry': value }).retryable).toBe(retryable);
  });
});

it('names who answered what, and keeps what was sent', () => {
  const body = '{"error":{"message":"Nope","code":"weird_code"}}';
  expect(errorOf(418, { 'request-id': 'req_1' }, body).toJSON()).toEqual({
    code: 'upstream_invalid_request',
    message: 'acme answered 418: Nope',
    retryable: false,
    upstreamStatus: 418,
    upstreamCode: 'weird_code',
    upstreamRequestId: 'req_1',
  });
});

it('asks to wait only for what can be tried again', () => {
  expect(errorOf(503, { 'retry-after': '3' }).retryAfterMs).toBe(3_000);
  expect(errorOf(401, { 'retry-after': '3' }).retryAfterMs).toBeUndefined();
});
