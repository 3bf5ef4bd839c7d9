import { resolve } from 'node:path';

import { parseRedisUrl } from '@sluice/runtime';
import { z } from 'zod';

import type { Config } from './config.ts';
import type { ConfigFile } from './config-file.ts';
import type { Problem } from './config-error.ts';
import { resolveBatches, resolveFiles } from './files-sections.ts';
import { readVariable, type Environment } from './environment.ts';
import { isPrivateHost } from './private-host.ts';
import { masterKeys, masterKeysAllowed } from './master-keys.ts';
import { readRedisTls } from './redis-tls.ts';

/** What the environment says over the file; `undefined` where it says nothing. */
export interface ProcessSettings {
  host: string | undefined;
  port: number | undefined;
  root: string | undefined;
  redisUrl: string;
  redisTls: Config['redisTls'];
  dataDir: string;
  cwd: string;
  adminKey: string | undefined;
  masterKeys: Config['masterKeys'];
  allowPrivateHosts: string[] | undefined;
  proxy: Config['proxy'];
}

const port = z
  .string()
  .regex(/^\d{1,5}$/)
  .transform(Number)
  .pipe(z.int().max(65_535));
const host = z.string().regex(/^[A-Za-z0-9.:_-]+$/);
const root = z.string().regex(/^[A-Za-z0-9._-]{1,64}$/);

/**
 * The variables of design.md section 8. Empty ones count as not set. A wrong one is reported with its name and what it
 * may be, and without its value where that could be a secret.
 */
export function readProcessSettings(
  env: Environment,
  cwd: string,
): { settings: ProcessSettings; problems: Problem[] } {
  const problems: Problem[] = [];
  const read = <Value>(name: string, schema: z.ZodType<Value>, allowed: string) => {
    const text = readVariable(env, name);
    if (text === undefined) return undefined;
    const parsed = schema.safeParse(text);
    if (parsed.success) return parsed.data;
    problems.push({ where: `environment: ${name}`, message: `must be ${allowed}` });
    return undefined;
  };
  const portRange = (lowest: number) => `a port from ${lowest} to 65535`;
  read('SLUICE_SIMULATOR_PORT', port.pipe(z.int().min(1)), portRange(1));
  const { problems: ofTls, ...redis } = readRedis(env, cwd, read);
  problems.push(...ofTls);
  const settings: ProcessSettings = {
    port: read('PORT', port, portRange(0)),
    host: read('SLUICE_HOST', host, 'a host name or an IP address'),
    root: read('SLUICE_ROOT', root, 'letters, digits or . _ -'),
    ...redis,
    dataDir: resolve(cwd, readVariable(env, 'SLUICE_DATA_DIR') ?? '.data'),
    cwd,
    adminKey: read('SLUICE_ADMIN_KEY', z.string().min(24), 'at least 24 characters long'),
    masterKeys: read('SLUICE_MASTER_KEYS', masterKeys, masterKeysAllowed) ?? [],
    allowPrivateHosts: read(
      'SLUICE_ALLOW_PRIVATE_HOSTS',
      z
        .string()
        .transform(splitHosts)
        .pipe(z.array(z.string().refine(isPrivateHost))),
      'host names, IP addresses or CIDRs with commas between them, or none',
    ),
    proxy: readProxies(env, read),
  };
  return { settings, problems };
}

function readRedis(
  env: Environment,
  cwd: string,
  read: Read,
): Pick<ProcessSettings, 'redisUrl' | 'redisTls'> & { problems: Problem[] } {
  const isRedisUrl = (text: string) => parseRedisUrl(text) !== undefined;
  const allowed =
    'a redis:// or rediss:// URL, redis+sentinel://host,host/name or redis+cluster://host,host';
  const url = read('REDIS_URL', z.string().refine(isRedisUrl), allowed);
  const redisUrl = url ?? 'redis://127.0.0.1:6379';
  return { redisUrl, ...readRedisTls(env, cwd, redisUrl) };
}

type Read = <Value>(name: string, schema: z.ZodType<Value>, allowed: string) => Value | undefined;

/** The lower case names are the older ones, and stronger wherever both are read. */
function readProxies(env: Environment, read: Read): Config['proxy'] {
  const nameOf = (name: string) =>
    readVariable(env, name.toLowerCase()) === undefined ? name : name.toLowerCase();
  const proxy = z.string().refine(isProxyUrl);
  const url = (name: string) => read(nameOf(name), proxy, 'the http or https URL of a proxy');
  const except = readVariable(env, nameOf('NO_PROXY'));
  return { http: url('HTTP_PROXY'), https: url('HTTPS_PROXY'), except };
}

function isProxyUrl(text: string): boolean {
  return /^https?:$/.test(URL.parse(text)?.protocol ?? '');
}

function splitHosts(text: string): string[] {
  if (text.toLowerCase() === 'none') return [];
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

/** The parts of the configuration that no route depends on, the environment over the file. */
export function mergeSettings(
  file: ConfigFile,
  settings: ProcessSettings,
): Omit<Config, 'providers' | 'routes' | 'lanes' | 'retry' | 'upstreamHosts'> {
  const { jobs, server } = file;
  return {
    root: settings.root ?? file.root,
    shards: file.shards,
    redisUrl: settings.redisUrl,
    redisTls: settings.redisTls,
    server: { ...server, host: settings.host ?? server.host, port: settings.port ?? server.port },
    adminKey: settings.adminKey,
    masterKeys: settings.masterKeys,
    dataDir: settings.dataDir,
    jobs: {
      maxWaitMs: jobs.maxWaitSeconds * 1_000,
      timeoutMs: jobs.timeoutSeconds * 1_000,
      attemptTimeoutMs: jobs.attemptTimeoutSeconds * 1_000,
      retentionMs: jobs.retentionSeconds * 1_000,
      idempotencyTtlMs: jobs.idempotencySeconds * 1_000,
    },
    sessions: { maxTokens: file.sessions.maxTokens, ttlMs: file.sessions.ttlSeconds * 1_000 },
    files: resolveFiles(file.files, settings),
    batches: resolveBatches(file.batches),
    tenants: file.tenants,
    webhooks: webhookSettings(file.webhooks),
    checkKeys: file.checkKeys,
    allowPrivateHosts: settings.allowPrivateHosts ?? file.allowPrivateHosts,
    proxy: settings.proxy,
    worker: {
      concurrency: file.worker.concurrency,
      graceMs: file.worker.graceSeconds * 1_000,
    },
    usage: file.usage,
    budgets: budgetsByScope(file.budgets),
  };
}

function webhookSettings(webhooks: ConfigFile['webhooks']): Config['webhooks'] {
  return {
    scheduleMs: webhooks.scheduleSeconds.map((pause) => pause * 1_000),
    timeoutMs: webhooks.timeoutSeconds * 1_000,
    disableAfterMs: webhooks.disableAfterSeconds * 1_000,
    maxPayloadBytes: webhooks.maxPayloadBytes,
    endpointConcurrency: webhooks.endpointConcurrency,
    endpointRequestsPerSecond: webhooks.endpointRequestsPerSecond,
  };
}

function budgetsByScope({ tenants, providers }: ConfigFile['budgets']): Config['budgets'] {
  const scoped = (kind: string, given: Config['budgets']) =>
    Object.entries(given).map(([id, each]) => [`${kind}:${id}`, each] as const);
  return Object.fromEntries([...scoped('tenant', tenants), ...scoped('provider', providers)]);
}
