import { expect, test } from 'vitest';
import { baseUrl } from './base-url.ts';

test.for([
  ['127.0.0.1', 'http://127.0.0.1:80'],
  ['localhost', 'http://localhost:80'],
  ['::1', 'http://[::1]:80'],
] as const)('the URL of %s is %s', ([host, url]) => {
  expect(baseUrl(host, 80)).toBe(url);
});
