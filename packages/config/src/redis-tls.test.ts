import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, onTestFinished, test } from 'vitest';

import { readRedisTls } from './redis-tls.ts';

function folder(): string {
  const cwd = mkdtempSync(join(tmpdir(), 'sluice-tls-'));
  onTestFinished(() => rmSync(cwd, { recursive: true }));
  writeFileSync(join(cwd, 'ca.pem'), 'authority');
  writeFileSync(join(cwd, 'cert.pem'), 'certificate');
  writeFileSync(join(cwd, 'key.pem'), 'key');
  return cwd;
}

test('the files that the environment names are read', () => {
  const env = {
    SLUICE_REDIS_CA_FILE: 'ca.pem',
    SLUICE_REDIS_CERT_FILE: 'cert.pem',
    SLUICE_REDIS_KEY_FILE: 'key.pem',
  };
  expect(readRedisTls(env, folder(), 'rediss://redis:6379')).toEqual({
    redisTls: { ca: 'authority', cert: 'certificate', key: 'key' },
    problems: [],
  });
  expect(readRedisTls({}, folder(), 'rediss://redis:6379').redisTls).toBeUndefined();
});

test.each([
  [{ SLUICE_REDIS_CA_FILE: 'none.pem' }, 'rediss://redis', /cannot read the file "none.pem"/],
  [{ SLUICE_REDIS_CA_FILE: 'ca.pem' }, 'redis://redis', /only of use with a rediss/],
  [{ SLUICE_REDIS_CERT_FILE: 'cert.pem' }, 'rediss://redis', /needs .*_CERT_FILE and .*_KEY_FILE/],
])('what cannot work is a problem: %o at %s', (env, url, message) => {
  const { problems } = readRedisTls(env, folder(), url);
  expect(problems.map((problem) => problem.message).join()).toMatch(message);
});
