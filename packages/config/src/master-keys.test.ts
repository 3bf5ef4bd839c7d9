import { randomBytes } from 'node:crypto';

import { expect, test } from 'vitest';

import { masterKeys } from './master-keys.ts';

const bytes = [randomBytes(32), randomBytes(32)];
const texts = bytes.map((key, i) => `k${i}:${key.toString('base64')}`);

test('master keys are read in their order', () => {
  expect(masterKeys.parse(texts.join(', '))).toEqual([
    { id: 'k0', bytes: bytes[0] },
    { id: 'k1', bytes: bytes[1] },
  ]);
});

test.each([
  ['', 'nothing'],
  ['k1', 'no key'],
  [`k1:${randomBytes(16).toString('base64')}`, 'a short key'],
  [`k 1:${randomBytes(32).toString('base64')}`, 'an id with a space'],
  [`${texts[0]},${texts[0]}`, 'an id twice'],
])('%#: %2$s is refused', (text) => {
  expect(masterKeys.safeParse(text).success).toBe(false);
});
