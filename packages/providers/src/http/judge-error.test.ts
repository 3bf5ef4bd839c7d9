import { errorCodes, type ErrorCode } from '@sluice/contracts';
import { describe, expect, it } from 'vitest';

import { errorFieldsOf, parseErrorFields } from './error-fields.ts';
import { judgeError } from './judge-error.ts';

const url =
  'Visit https://platform.openai.com/account/rate-limits and add a payment method at …/billing.';

/** Bodies as vendors send them, and what they mean. */
const recorded: [name: string, status: number | undefined, body: unknown, means: ErrorCode][] = [
  [
    'OpenAI tokens per minute',
    429,
    {
      error: {
        message: `Rate limit reached for gpt on tokens per min (TPM): Limit 3. ${url}`,
        type: 'tokens',
        code: 'rate_limit_exceeded',
      },
    },
    'rate_limited',
  ],
  [
    'OpenAI ramp',
    429,
    { error: { message: 'Slow down', type: 'rate_limit_error', code: 'slow_down' } },
    'rate_limited',
  ],
  [
    'OpenAI larger than the limit',
    429,
    {
      error: {
        message: 'Request too large for gpt on TPM: Limit 1, Requested 2',
        type: 'tokens',
        code: 'rate_limit_exceeded',
      },
    },
    'upstream_invalid_request',
  ],
  [
    'OpenAI quota',
    429,
    {
      error: {
        message: 'You exceeded your current quota',
        type: 'insufficient_quota',
        code: 'insufficient_quota',
      },
    },
    'quota_exceeded',
  ],
  [
    'OpenAI credit',
    429,
    { error: { type: 'insufficient_quota', code: 'credit_balance_exhausted' } },
    'quota_exceeded',
  ],
  [
    'OpenAI usage limit',
    429,
    { error: { type: 'x', code: 'organization_usage_limit_exceeded' } },
    'quota_exceeded',
  ],
  [
    'OpenAI flex',
    429,
    { error: { message: 'Resource Unavailable', code: 'resource_unavailable' } },
    'upstream_overloaded',
  ],
  [
    'OpenAI key',
    401,
    {
      error: {
        message: 'Incorrect API key',
        type: 'invalid_request_error',
        code: 'invalid_api_key',
      },
    },
    'upstream_auth',
  ],
  [
    'OpenAI model',
    404,
    { error: { type: 'invalid_request_error', code: 'model_not_found' } },
    'upstream_not_found',
  ],
  [
    'OpenAI overloaded',
    503,
    { error: { type: 'service_unavailable_error', code: 'server_is_overloaded' } },
    'upstream_overloaded',
  ],
  ['OpenAI server error', 500, { error: { type: 'server_error', code: null } }, 'upstream_error'],
  [
    'Azure filter',
    400,
    { error: { code: 'content_filter', innererror: { code: 'ResponsibleAIPolicyViolation' } } },
    'content_filtered',
  ],
  [
    'Azure 429',
    429,
    { error: { code: '429', message: 'exceeded token rate limit. Please retry after 9 seconds' } },
    'rate_limited',
  ],
  [
    'Anthropic rate',
    429,
    { type: 'error', error: { type: 'rate_limit_error', message: 'x' } },
    'rate_limited',
  ],
  [
    'Anthropic ramp',
    429,
    {
      type: 'error',
      error: { type: 'rate_limit_error', details: { error_code: 'ramp_limit_exceeded' } },
    },
    'rate_limited',
  ],
  [
    'Anthropic spend',
    429,
    {
      type: 'error',
      error: { type: 'rate_limit_error', details: { error_code: 'enforced_spend_limit_reached' } },
    },
    'quota_exceeded',
  ],
  [
    'Anthropic overloaded',
    529,
    { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } },
    'upstream_overloaded',
  ],
  [
    'Anthropic overflow',
    400,
    {
      type: 'error',
      error: { type: 'invalid_request_error', message: 'prompt is too long: 9 tokens > 8 maximum' },
    },
    'context_length_exceeded',
  ],
  [
    'Gemini 429',
    429,
    [
      {
        error: {
          code: 429,
          message: 'You exceeded your current quota, please check your plan',
          status: 'RESOURCE_EXHAUSTED',
        },
      },
    ],
    'rate_limited',
  ],
  [
    'DeepSeek balance',
    402,
    { error: { message: 'Insufficient Balance', type: 'unknown_error' } },
    'quota_exceeded',
  ],
  [
    'DashScope throttling',
    429,
    { error: { code: 'Throttling.AllocationQuota', message: 'Allocated quota exceeded' } },
    'rate_limited',
  ],
  [
    'DashScope arrears',
    400,
    { error: { code: 'Arrearage', message: 'Access denied' } },
    'quota_exceeded',
  ],
  ['a moderated input', 403, { error: { message: 'your input was flagged' } }, 'content_filtered'],
  ['DashScope filter', 400, { error: { code: 'data_inspection_failed' } }, 'content_filtered'],
  [
    'DashScope overflow',
    400,
    { error: { message: 'Range of input length should be [1, 8]' } },
    'context_length_exceeded',
  ],
  [
    'vLLM 400',
    400,
    { error: { message: 'bad', type: 'BadRequestError', code: 400 } },
    'upstream_invalid_request',
  ],
  [
    'vLLM overflow',
    400,
    {
      error: {
        message: "This model's maximum context length is 8 tokens",
        type: 'BadRequestError',
        code: 400,
      },
    },
    'context_length_exceeded',
  ],
  ['vLLM 401', 401, { error: 'Unauthorized' }, 'upstream_auth'],
  [
    'SGLang flat',
    400,
    { object: 'error', message: 'bad', type: '400', code: 400 },
    'upstream_invalid_request',
  ],
  [
    'llama.cpp overflow',
    400,
    { error: { code: 400, type: 'exceed_context_size_error', message: 'x' } },
    'context_length_exceeded',
  ],
  [
    'llama.cpp loading',
    503,
    { error: { code: 503, type: 'unavailable_error', message: 'Loading model' } },
    'upstream_overloaded',
  ],
  [
    'llama.cpp unsupported',
    501,
    { error: { code: 501, type: 'not_supported_error' } },
    'upstream_invalid_request',
  ],
  [
    'z.ai usage',
    429,
    { error: { code: '1308', message: 'Usage limit reached' } },
    'quota_exceeded',
  ],
  [
    'FastAPI',
    422,
    { detail: [{ loc: ['body'], msg: 'field required' }] },
    'upstream_invalid_request',
  ],
  [
    'too many tokens',
    400,
    { error: { message: 'Too many tokens in the prompt' } },
    'context_length_exceeded',
  ],
  [
    'too many tokens per minute',
    429,
    { error: { message: 'Too many tokens, rate limit' } },
    'rate_limited',
  ],
  [
    'in a stream: vLLM',
    undefined,
    { error: { message: 'bad', type: 'BadRequestError', code: 400 } },
    'upstream_invalid_request',
  ],
  [
    'in a stream: OpenRouter',
    undefined,
    { error: { code: 502, message: 'Provider returned error' } },
    'upstream_error',
  ],
  [
    'in a stream: rate limit',
    undefined,
    { error: { type: 'rate_limit_error', message: 'x' } },
    'rate_limited',
  ],
  [
    'in a stream: overloaded',
    undefined,
    { error: { type: 'overloaded_error', message: 'x' } },
    'upstream_overloaded',
  ],
  [
    'in a stream: request',
    undefined,
    { error: { type: 'invalid_request_error', message: 'x' } },
    'upstream_invalid_request',
  ],
  ['in a stream: no more', undefined, { error: { message: 'Internal error' } }, 'upstream_error'],
];

describe("a vendor's error", () => {
  it.each(recorded)('%s means what it says', (_name, status, body, means) => {
    expect(judgeError(status, parseErrorFields(JSON.stringify(body)))).toEqual({ code: means });
  });

  it('of any status has a meaning, and 4xx are retried only where time may help', () => {
    const retryable: number[] = [];
    for (let status = 400; status < 600; status += 1) {
      const { code } = judgeError(status, errorFieldsOf(null));
      if (errorCodes[code].retryable) retryable.push(status);
    }
    expect(retryable.filter((status) => status < 500)).toEqual([408, 409, 425, 429]);
    expect(retryable.filter((status) => status >= 500)).toHaveLength(99);
  });
});

describe('the fields of an error', () => {
  it.each([
    ['{"error":{"message":"m","type":"t","code":"c"}}', { message: 'm', code: 'c' }],
    ['{"error":{"message":"m","type":"t","code":null}}', { message: 'm', code: 't' }],
    ['{"error":{"message":"m","code":429}}', { message: 'm', code: '429', status: 429 }],
    ['{"error":"text"}', { message: 'text' }],
    ['{"code":"c","message":"m","status":400}', { message: 'm', code: 'c', status: 400 }],
    ['{"detail":"m"}', { message: 'm' }],
    ['{"detail":[{"msg":"a"},{"msg":"b"},"c"]}', { message: 'a; b; c' }],
    ['[{"error":{"message":"m"}}]', { message: 'm' }],
    ['<html><title>502 Bad\n Gateway</title></html>', { message: '502 Bad Gateway' }],
    ['<h1>Not found</h1><p>Sorry</p>', { message: 'Not found Sorry' }],
    ['plain text', { message: 'plain text' }],
    ['"text"', { message: 'text' }],
    ['', { message: undefined }],
    ['null', { message: undefined }],
    ['[]', { message: undefined }],
    ['17', { message: undefined }],
  ])('are found in %s', (body, fields) => {
    expect(parseErrorFields(body)).toMatchObject(fields);
  });
});
