import type { ErrorCode } from '@sluice/contracts';

/** Refusals that any upstream may answer with, and what they mean. */
export const refusals: readonly [
  status: number,
  code: string,
  message: string,
  means: ErrorCode,
][] = [
  [400, 'bad_request', 'temperature is too high', 'upstream_invalid_request'],
  [400, 'context_length_exceeded', 'too long', 'context_length_exceeded'],
  [400, 'bad_request', "This model's maximum context length is 8", 'context_length_exceeded'],
  [413, 'too_large', 'Please reduce the length of the messages', 'context_length_exceeded'],
  [400, 'content_filter', 'The prompt was filtered', 'content_filtered'],
  [401, 'invalid_api_key', 'Incorrect API key', 'upstream_auth'],
  [402, 'no_money', 'Insufficient Balance', 'quota_exceeded'],
  [403, 'forbidden', 'Not in your country', 'upstream_auth'],
  [404, 'model_not_found', 'No such model', 'upstream_not_found'],
  [405, 'x', 'No', 'upstream_invalid_request'],
  [408, 'x', 'Slow', 'upstream_timeout'],
  [409, 'conflict', 'Busy', 'upstream_error'],
  [413, 'too_large', 'Body too large', 'upstream_invalid_request'],
  [415, 'x', 'No', 'upstream_invalid_request'],
  [422, 'x', 'No', 'upstream_invalid_request'],
  [425, 'x', 'Early', 'upstream_error'],
  [429, 'rate_limit_exceeded', 'Slow down', 'rate_limited'],
  [429, '', '', 'rate_limited'],
  [429, 'insufficient_quota', 'You exceeded your current quota', 'quota_exceeded'],
  [429, 'organization_spend_limit_exceeded', 'Too dear', 'quota_exceeded'],
  [500, 'server_error', 'Oops', 'upstream_error'],
  [502, '', '', 'upstream_error'],
  [503, 'x', 'Loading model', 'upstream_overloaded'],
  [504, '', '', 'upstream_timeout'],
  [520, '', '', 'upstream_error'],
  [524, '', '', 'upstream_timeout'],
  [529, 'x', 'Overloaded', 'upstream_overloaded'],
];

/** Refusals that are not in the vendor's form. */
export const oddRefusals: readonly [form: string, status: number, body: string][] = [
  ['HTML', 502, '<html><head><title>502 Bad Gateway</title></head><body>x</body></html>'],
  ['text', 500, 'upstream connect error'],
  ['nothing', 500, ''],
  ['half of a JSON', 500, '{"error":{"mess'],
  ['an error that is a text', 500, '{"error":"Unauthorized"}'],
  ['a list of errors', 500, '[{"error":{"code":500,"message":"List"}}]'],
  ['a flat error', 500, '{"object":"error","message":"Flat","type":"500","code":500}'],
  ['details', 500, '{"detail":[{"loc":["body"],"msg":"field required"}]}'],
  ['null', 500, 'null'],
];

/** Headers of a 429, and how long they ask to wait. */
export const waits: readonly [headers: Record<string, string>, waitMs: number | undefined][] = [
  [{ 'retry-after': '2' }, 2_000],
  [{ 'retry-after': '0' }, 0],
  [{ 'retry-after-ms': '150', 'retry-after': '9' }, 150],
  [{ 'x-ms-retry-after-ms': '250' }, 250],
  [{ 'retry-after': '1000000000' }, 600_000],
  [{ 'retry-after': '-5' }, undefined],
  [{ 'retry-after': 'soon' }, undefined],
  [{}, undefined],
  [
    { date: 'Sat, 21 Nov 2026 10:00:00 GMT', 'retry-after': 'Sat, 21 Nov 2026 10:00:30 GMT' },
    30_000,
  ],
  [{ 'x-ratelimit-remaining-tokens': '0', 'x-ratelimit-reset-tokens': '6m0s' }, 360_000],
  [{ 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-reset-requests': '7.66s' }, 7_660],
  [{ 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-reset-requests': '20ms' }, 20],
  // Azure counts in whole seconds, OpenRouter from 1970 on, older Azure deployments under another name.
  [{ 'x-ratelimit-remaining-tokens': '0', 'x-ratelimit-reset-tokens': '33' }, 33_000],
  [
    {
      date: 'Sat, 21 Nov 2026 10:00:00 GMT',
      'x-ratelimit-remaining': '0',
      'x-ratelimit-reset': String(Date.UTC(2026, 10, 21, 10, 0, 12)),
    },
    12_000,
  ],
  [{ 'x-rate-limit-reset-tokens': '21' }, 21_000],
  [
    {
      date: 'Sat, 21 Nov 2026 10:00:00 GMT',
      'anthropic-ratelimit-input-tokens-remaining': '0',
      'anthropic-ratelimit-input-tokens-reset': '2026-11-21T10:00:07Z',
    },
    7_000,
  ],
  // What is left over has nothing to wait for, and -1 means that the upstream does not know.
  [{ 'x-ratelimit-remaining-tokens': '5', 'x-ratelimit-reset-tokens': '33' }, undefined],
  [{ 'x-ratelimit-remaining-tokens': '-1', 'x-ratelimit-reset-tokens': '33' }, undefined],
];
