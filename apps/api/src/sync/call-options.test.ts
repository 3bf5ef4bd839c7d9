import { describe, expect, it } from 'vitest';

import { readCallOptions, withOptions } from './call-options.ts';
import { keepAliveOf } from './keep-alive.ts';

const job = {
  type: 'chat' as const,
  model: 'm',
  input: { messages: [{ role: 'user' as const, content: 'x' }] },
};
const jobs = { attemptTimeoutMs: 60_000 };

describe('options in headers', () => {
  it('become those of the job', () => {
    const options = readCallOptions({
      'x-sluice-priority': 'low',
      'x-sluice-cache': 'refresh',
      'x-sluice-tags': ' team = search ,env=',
      'x-sluice-fallback': 'a, b/c',
      'x-sluice-max-wait': '1.5',
      'x-request-timeout': '90',
    });
    expect(withOptions({ ...job, metadata: { team: 'x', id: '1' } }, options, jobs)).toEqual({
      ...job,
      priority: 'low',
      cache: { mode: 'refresh' },
      metadata: { team: 'search', id: '1', env: '' },
      fallback: ['a', 'b/c'],
      max_wait_seconds: 1.5,
      attempt_timeout_seconds: 90,
    });
    expect(withOptions(job, readCallOptions({}), jobs)).toEqual(job);
  });

  it('never cut a call short that has begun', () => {
    const options = readCallOptions({ 'x-request-timeout': '5' });
    expect(withOptions(job, options, jobs)).toEqual({ ...job, max_wait_seconds: 5 });
  });

  it.each([
    ['x-sluice-priority', 'urgent', 'X-Sluice-Priority'],
    ['x-sluice-cache', '', 'X-Sluice-Cache'],
    ['x-sluice-tags', 'a', 'X-Sluice-Tags'],
    ['x-sluice-tags', Array.from({ length: 17 }, (_, i) => `k${i}=v`).join(), 'X-Sluice-Tags'],
    ['x-sluice-fallback', 'a,,b', 'X-Sluice-Fallback'],
    ['x-sluice-max-wait', '0', 'X-Sluice-Max-Wait'],
    ['x-sluice-max-wait', '1e3', 'X-Sluice-Max-Wait'],
    ['x-request-timeout', '-1', 'X-Request-Timeout'],
    ['x-sluice-on-disconnect', 'stop', 'X-Sluice-On-Disconnect'],
    ['x-sluice-prio', 'high', 'x-sluice-prio'],
  ])('%s: "%s" is refused by name', (header, value, param) => {
    expect(() => readCallOptions({ [header]: value })).toThrow(
      expect.objectContaining({ code: 'invalid_request', param }),
    );
  });

  it('that a job does not have are refused', () => {
    const session = readCallOptions({ 'x-sluice-session-id': 's' });
    const embedding = { type: 'embedding' as const, model: 'm', input: { input: 'x' } };
    expect(() => withOptions(embedding, session, jobs)).toThrow(/only chats and apps/);
    expect(withOptions(job, session, jobs)).toMatchObject({ session_id: 's' });
  });
});

describe('keep-alive', () => {
  it.each([
    [{}, false, { firstByteMs: 25_000, everyMs: 15_000 }],
    [{ 'x-sluice-keep-alive': '5' }, false, { firstByteMs: 5_000, everyMs: 5_000 }],
    [{ 'x-sluice-keep-alive': 'off' }, true, undefined],
    [{ 'x-stainless-timeout': '600' }, true, { firstByteMs: 25_000, everyMs: 15_000 }],
    [{ 'x-stainless-timeout': '6' }, true, { firstByteMs: 3_000, everyMs: 2_000 }],
    [{ 'x-stainless-timeout': '0' }, true, { firstByteMs: 200, everyMs: 200 }],
    [{ 'x-stainless-timeout': '6' }, false, { firstByteMs: 25_000, everyMs: 15_000 }],
    [{ 'x-stainless-read-timeout': '6.0' }, false, { firstByteMs: 3_000, everyMs: 2_000 }],
    [{ 'x-stainless-timeout': 'x' }, true, { firstByteMs: 25_000, everyMs: 15_000 }],
  ])('of %j, stream %s, is %j', (headers, isStream, expected) => {
    expect(keepAliveOf(headers, isStream)).toEqual(expected);
  });
});
