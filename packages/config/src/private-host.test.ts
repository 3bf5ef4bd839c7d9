import { describe, expect, it } from 'vitest';

import { isPrivateHost } from './private-host.ts';

describe('isPrivateHost', () => {
  it.each([
    'localhost',
    'dify.internal',
    'büro.example',
    '127.0.0.1',
    '10.0.0.0/8',
    '::1',
    '[::1]',
    'fd00::/8',
    '0.0.0.0/0',
  ])('takes %s', (entry) => {
    expect(isPrivateHost(entry)).toBe(true);
  });

  it.each([
    '',
    '*',
    '*.internal',
    '10/8',
    '10',
    '10.0.0',
    '10.0.0.0/33',
    'fd00::/129',
    'localhost/8',
    '10.0.0.0/',
    'a/b/c',
    'http://x',
    'x:80',
  ])('refuses %s', (entry) => {
    expect(isPrivateHost(entry)).toBe(false);
  });
});
