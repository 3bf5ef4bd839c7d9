import { describe, expect, it } from 'vitest';

import { parseErrorFields } from './error-fields.ts';

const google = {
  code: 429,
  message: 'You exceeded your current quota.',
  status: 'RESOURCE_EXHAUSTED',
  details: [
    { '@type': 'type.googleapis.com/google.rpc.Help', links: [] },
    {
      '@type': 'type.googleapis.com/google.rpc.QuotaFailure',
      violations: [{ quotaId: 'GenerateRequestsPerDayPerProjectPerModel-FreeTier' }, null],
    },
    { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: 'API_KEY_INVALID' },
    { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '37s' },
  ],
};

describe('an error of Google', () => {
  const expected = {
    message: 'You exceeded your current quota.',
    code: 'RESOURCE_EXHAUSTED',
    codes: [
      '429',
      'resource_exhausted',
      'api_key_invalid',
      'generaterequestsperdayperprojectpermodel-freetier',
    ],
    status: 429,
    retryDelay: '37s',
  };

  it('says its quota, its reason and how long to wait in its details', () => {
    expect(parseErrorFields(JSON.stringify({ error: google }))).toEqual(expected);
    expect(parseErrorFields(JSON.stringify([{ error: google }]))).toEqual(expected);
  });

  it('may stand as text in the message of a proxy’s error', () => {
    const message = JSON.stringify({ error: google }, null, 2);
    const body = { error: { code: 502, message, status: 'Bad Gateway' } };
    expect(parseErrorFields(JSON.stringify(body))).toEqual(expected);
  });

  it.each(['{"error": {', '{"error": 5}', '{"error": null}'])(
    'that only looks like one in a message is left as it is: %s',
    (message) => {
      const fields = parseErrorFields(JSON.stringify({ error: { code: 502, message } }));
      expect(fields).toMatchObject({ message, status: 502, retryDelay: undefined });
    },
  );

  it.each([[[]], [[null, 7, 'x']], ['text'], [{ error_code: 'x' }], [[{ violations: 5 }]]])(
    'may have details that are %j',
    (details) => {
      const body = { error: { ...google, details } };
      expect(parseErrorFields(JSON.stringify(body))).toMatchObject({ status: 429 });
    },
  );
});
