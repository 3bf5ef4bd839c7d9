import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

import type { Config } from './config.ts';
import type { Problem } from './config-error.ts';
import { readVariable, type Environment } from './environment.ts';

const files = {
  ca: 'SLUICE_REDIS_CA_FILE',
  cert: 'SLUICE_REDIS_CERT_FILE',
  key: 'SLUICE_REDIS_KEY_FILE',
} as const;

/**
 * What the files hold that the environment names for a `rediss` URL, as PEM: the authorities that may vouch for Redis in
 * place of the system's, and the certificate by which Sluice shows who it is. `undefined` where none is named.
 */
export function readRedisTls(
  env: Environment,
  cwd: string,
  redisUrl: string,
): { redisTls: Config['redisTls']; problems: Problem[] } {
  const redisTls: NonNullable<Config['redisTls']> = {};
  const problems: Problem[] = [];
  for (const [part, name] of Object.entries(files) as [keyof typeof files, string][]) {
    const path = readVariable(env, name);
    if (path === undefined) continue;
    try {
      redisTls[part] = readFileSync(resolve(cwd, path), 'utf8');
    } catch {
      problems.push({ where: `environment: ${name}`, message: `cannot read the file "${path}"` });
    }
  }
  const given = Object.values(files).filter((name) => readVariable(env, name) !== undefined);
  if (given.length > 0 && !redisUrl.startsWith('rediss')) {
    const message =
      'is only of use with a rediss:// URL in REDIS_URL (or rediss+cluster://, rediss+sentinel://)';
    problems.push(...given.map((name) => ({ where: `environment: ${name}`, message })));
  }
  if ((redisTls.cert === undefined) !== (redisTls.key === undefined)) {
    const message = `needs ${files.cert} and ${files.key}, both`;
    problems.push({ where: 'environment', message });
  }
  return { redisTls: given.length > 0 ? redisTls : undefined, problems };
}
