import { relative } from 'node:path';

import { ConfigError, findConfigFile, loadConfig, type Config } from '@sluice/config';
import { createAdapters, createHttpClient } from '@sluice/providers';
import type { Logger } from '@sluice/runtime';

import { examineConfig } from './examine-config.ts';
import { examineModels } from './examine-models.ts';
import { examineProviders } from './examine-providers.ts';
import { examineRedis } from './examine-redis.ts';
import { findingsOf, type Finding } from './finding.ts';

/** Where the doctor looks. */
export interface Patient {
  env: Readonly<Record<string, string | undefined>>;
  cwd: string;
  log: Logger;
}

/**
 * Looks at everything that a start needs: the configuration, Redis, every key of every provider by its free call, and
 * whether the models that are configured are there. Changes nothing, and buys nothing. Without a configuration that can be
 * read there is nothing else to look at.
 */
export async function examine(patient: Patient): Promise<Finding[]> {
  const { env, cwd, log } = patient;
  const file = findConfigFile({ env, cwd });
  const source = file === undefined ? 'built-in configuration' : relative(cwd, file);
  const config = readConfig(patient);
  if (Array.isArray(config)) return config.map(findingsOf('configuration', source).fail);
  const http = createHttpClient({
    connections: { allowPrivateHosts: config.upstreamHosts, proxy: config.proxy },
  });
  const deps = { adapterFor: createAdapters(http), signal: new AbortController().signal };
  try {
    const [redis, providers] = await Promise.all([
      examineRedis(config.redisUrl, {
        isGiven: Boolean(env['REDIS_URL']),
        log,
        tls: config.redisTls,
        root: config.root,
        isSealed: config.masterKeys.length > 0,
      }),
      examineProviders(config, deps),
    ]);
    const models = await examineModels(config, providers.working, deps);
    return [...examineConfig(config, source), ...redis, ...providers.findings, ...models];
  } finally {
    await http.dispatcher.close();
  }
}

/** The configuration, or what is wrong with it. */
function readConfig({ env, cwd }: Patient): Config | string[] {
  try {
    return loadConfig({ env, cwd });
  } catch (error) {
    if (error instanceof ConfigError) return [...error.problems];
    throw error;
  }
}
