import { createHmac } from 'node:crypto';

import * as fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import { describe, expect, test } from 'vitest';

import { signBody } from './sign-body.ts';

const secretOf = (key: Uint8Array) => `whsec_${Buffer.from(key).toString('base64')}`;
const key = fc.uint8Array({ minLength: 24, maxLength: 64 });
/**
 * Any JSON of any Unicode. Without U+FFFD: the library decodes the bytes before it verifies, so there broken bytes can
 * read the same as whole ones.
 */
const body = fc
  .jsonValue({ stringUnit: 'binary' })
  .map((value) => JSON.stringify({ value }))
  .filter((text) => !text.includes('\ufffd'))
  .map((text) => Buffer.from(text));

test('gives the signature of the reference vector', () => {
  const headers = signBody(
    'msg_p5jXN8AQM9LWM0D4loKWxJek',
    Buffer.from('{"test": 2432232314}'),
    'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    1_614_265_330_999,
  );
  expect(headers).toEqual({
    'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    'webhook-timestamp': '1614265330',
    'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  });
});

describe('for any body and any secret', () => {
  test('the signature covers exactly the bytes', () => {
    fc.assert(
      fc.property(body, key, fc.nat(4_000_000_000_000), (bytes, keyBytes, nowMs) => {
        const headers = signBody('evt_1', bytes, secretOf(keyBytes), nowMs);
        const hmac = createHmac('sha256', keyBytes)
          .update(`evt_1.${Math.floor(nowMs / 1000)}.`)
          .update(bytes);
        expect(headers['webhook-signature']).toBe(`v1,${hmac.digest('base64')}`);
      }),
      { numRuns: 500 },
    );
  });

  test('the library verifies it and gives the body back', () => {
    fc.assert(
      fc.property(body, key, (bytes, keyBytes) => {
        const headers = signBody('evt_1', bytes, secretOf(keyBytes), Date.now());
        const verified = new Webhook(secretOf(keyBytes)).verify(bytes, { ...headers });
        expect(verified).toEqual(JSON.parse(bytes.toString()));
      }),
      { numRuns: 500 },
    );
  });

  test('the library refuses it after one changed byte', () => {
    const change = fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 }));
    fc.assert(
      fc.property(body, key, change, (bytes, keyBytes, [position, difference]) => {
        const headers = signBody('evt_1', bytes, secretOf(keyBytes), Date.now());
        const at = position % bytes.length;
        const changed = Buffer.from(bytes);
        changed[at] = changed[at]! ^ difference;
        expect(() => new Webhook(secretOf(keyBytes)).verify(changed, { ...headers })).toThrow(
          'No matching signature',
        );
      }),
      { numRuns: 1_000 },
    );
  });

  test('the library refuses another id, another time and another secret', () => {
    fc.assert(
      fc.property(body, key, key, (bytes, keyBytes, otherKey) => {
        fc.pre(!Buffer.from(keyBytes).equals(otherKey));
        const headers = signBody('evt_1', bytes, secretOf(keyBytes), Date.now());
        const verify = (changes: object, used = keyBytes) =>
          new Webhook(secretOf(used)).verify(bytes, { ...headers, ...changes });
        const another = String(Number(headers['webhook-timestamp']) - 1);
        expect(() => verify({ 'webhook-id': 'evt_2' })).toThrow('No matching signature');
        expect(() => verify({ 'webhook-timestamp': another })).toThrow('No matching signature');
        expect(() => verify({}, otherKey)).toThrow('No matching signature');
      }),
      { numRuns: 200 },
    );
  });
});

test.for([-10, 10])('a clock that is %i minutes off is refused', (minutes) => {
  const secret = secretOf(Buffer.alloc(24, 1));
  const bytes = Buffer.from('{}');
  const headers = signBody('evt_1', bytes, secret, Date.now() + minutes * 60_000);
  expect(() => new Webhook(secret).verify(bytes, { ...headers })).toThrow(/too (old|new)/);
});
