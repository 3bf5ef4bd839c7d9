import { randomBytes } from 'node:crypto';

import { describe, expect, test } from 'vitest';

import {
  decrypt,
  encrypt,
  isSealed,
  keyIdOfSealed,
  openBytesWith,
  openWith,
  sealBytesWith,
  sealedHead,
  sealWith,
} from './seal.ts';

const key = { id: 'k1', bytes: randomBytes(32) };
const texts = ['', '{}', 'Grüße 🙂', '~s1~not sealed', 'x'.repeat(100_000)];

describe('a sealed text', () => {
  test.each(texts)('opens to what it was, and says which key it needs: %#', (text) => {
    const sealed = sealWith(key, text, 'acme/job_1/input');
    expect(openWith(key.bytes, sealed, 'acme/job_1/input')).toBe(text);
    expect(isSealed(sealed)).toBe(true);
    expect(keyIdOfSealed(sealed)).toBe('k1');
    if (text.length > 4) expect(sealed).not.toContain(text);
  });

  test('is another one each time', () => {
    expect(sealWith(key, 'a', 'b')).not.toBe(sealWith(key, 'a', 'b'));
  });

  test('opens neither elsewhere nor with another key', () => {
    const sealed = sealWith(key, 'secret', 'acme/job_1/input');
    expect(() => openWith(key.bytes, sealed, 'acme/job_2/input')).toThrow('cannot be decrypted');
    expect(() => openWith(randomBytes(32), sealed, 'acme/job_1/input')).toThrow(
      'cannot be decrypted',
    );
  });
});

test('one changed byte anywhere, or a missing one, is refused', () => {
  const bytes = encrypt(key.bytes, Buffer.from('a prompt'), 'about');
  for (const at of bytes.keys()) {
    const changed = Buffer.from(bytes);
    changed[at] = (changed[at] ?? 0) ^ 1;
    expect(() => decrypt(key.bytes, changed, 'about')).toThrow('cannot be decrypted');
    expect(() => decrypt(key.bytes, bytes.subarray(0, at), 'about')).toThrow('cannot be decrypted');
  }
});

test('sealed bytes open to what they were, there and with that key only, and name it', () => {
  const bytes = randomBytes(1_000);
  const sealed = sealBytesWith(key, bytes, 'acme/file/part');
  expect(openBytesWith(key.bytes, sealed, 'acme/file/part').equals(bytes)).toBe(true);
  expect(() => openBytesWith(key.bytes, sealed, 'acme/other/part')).toThrow('cannot be decrypted');
  expect(keyIdOfSealed(sealedHead(sealed) ?? '')).toBe('k1');
  expect(sealedHead(bytes)).toBeUndefined();
});
