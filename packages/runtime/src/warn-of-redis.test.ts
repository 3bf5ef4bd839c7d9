import { expect, test } from 'vitest';

import { versionWithHoles } from './warn-of-redis.ts';

test.each([
  ['7.0.15', true],
  ['7.2.13', true],
  ['7.2.14', false],
  ['8.2.2', true],
  ['8.2.9', false],
  ['8.3.0', true],
  ['8.10.0', true],
  ['8.10.1', false],
  ['8.12.0', false],
  ['9.0.0', false],
])('Redis %s has known holes: %s', (version, has) => {
  const info = `# Server\r\nredis_version:${version}\r\nredis_mode:standalone\r\n`;
  expect(versionWithHoles(info)).toBe(has ? version : undefined);
});

test('Valkey is not judged by the versions of Redis', () => {
  const info = 'redis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:9.0.1\r\n';
  expect(versionWithHoles(info)).toBeUndefined();
});
