import { Webhook } from 'standardwebhooks';
import { expect, test } from 'vitest';

import { verifyWebhook } from './verify-webhook.ts';

const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const other = 'whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA';
const body = JSON.stringify({ id: 'evt_1', type: 'chat.completed', data: { job_id: 'job_1' } });

function sign(text: string, at = new Date()): Record<string, string> {
  return {
    'Webhook-Id': 'evt_1',
    'Webhook-Timestamp': String(Math.floor(at.getTime() / 1_000)),
    'Webhook-Signature': new Webhook(secret).sign('evt_1', at, text),
    'X-Cost-USD': '0.000001',
  };
}

test('an event that was signed comes back, whatever the form of headers and body', () => {
  const event = { type: 'chat.completed', data: { job_id: 'job_1' } };
  expect(verifyWebhook(body, sign(body), secret)).toMatchObject(event);
  expect(
    verifyWebhook(new TextEncoder().encode(body), new Headers(sign(body)), secret),
  ).toMatchObject(event);
  expect(verifyWebhook(body, sign(body), [other, secret])).toMatchObject(event);
});

test.each([
  ['another body', `${body} `, sign(body), secret],
  ['another secret', body, sign(body), other],
  ['a signature of an hour ago', body, sign(body, new Date(Date.now() - 3_600_000)), secret],
  ['no signature', body, {}, secret],
  ['no secret', body, sign(body), []],
])('%s is refused', (_, text, headers, key) => {
  expect(() => verifyWebhook(text, headers, key)).toThrow(
    expect.objectContaining({ code: 'bad_signature' }),
  );
});
