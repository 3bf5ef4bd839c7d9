import type { Redis } from 'ioredis';

import type { Clock } from './clock.ts';
import type { Logger } from './logger.ts';
import { nodesOf } from './redis-nodes.ts';

/**
 * Of each line of Redis the first version without the holes that let a client take over the server: CVE-2025-49844 (Lua),
 * CVE-2026-23479 (blocked clients) and CVE-2026-81934 (TLS). Scripts are Sluice's and BullMQ's daily bread, so
 * "no Lua" is no way out. A line that is not here, and older than the newest, has no such version.
 * @see https://redis.io/blog/security-advisory-cve-2025-49844/
 */
const safeFrom: Readonly<Record<string, number>> = {
  '6.2': 20,
  '7.2': 14,
  '8.2': 9,
  '8.4': 6,
  '8.6': 6,
  '8.8': 2,
  '8.10': 1,
};
const newestLine = [8, 10] as const;

/** Further apart than this, receivers refuse webhooks as too old or too new, and deadlines are not where people see them. */
const maxSkewMs = 30_000;

/**
 * Says in the log what is no reason not to start, and will be one to be sorry: a version with known holes, and a clock that
 * is not this machine's. Limits go by Redis's clock, signatures by ours.
 */
export async function warnOfRedis(redis: Redis, clock: Clock, log: Logger): Promise<void> {
  for (const node of nodesOf(redis)) await warnOfNode(node, clock, log);
}

async function warnOfNode(redis: Redis, clock: Clock, log: Logger): Promise<void> {
  const version = versionWithHoles(await redis.info('server'));
  if (version !== undefined) {
    const text =
      'Redis has known security holes, unless who packaged it has mended them: update it';
    log.warn({ version, safe: safeVersions }, text);
  }
  const skewMs = await clockSkewMs(redis, clock);
  if (Math.abs(skewMs) > maxSkewMs) {
    log.warn({ skewMs }, 'the clocks of Redis and of this machine differ: set them by NTP');
  }
}

const safeVersions = Object.entries(safeFrom).map(([line, patch]) => `${line}.${patch}`);

/** The version, where it is one of Redis with known holes; Valkey counts its versions otherwise. */
export function versionWithHoles(info: string): string | undefined {
  if (/^(server_name:valkey|valkey_version:)/m.test(info)) return undefined;
  const found = /^redis_version:(\d+)\.(\d+)\.(\d+)/m.exec(info);
  if (!found) return undefined;
  const [major = 0, minor = 0, patch = 0] = found.slice(1).map(Number);
  const floor = safeFrom[`${major}.${minor}`];
  const newer = major > newestLine[0] || (major === newestLine[0] && minor > newestLine[1]);
  const safe = floor === undefined ? newer : patch >= floor;
  return safe ? undefined : `${major}.${minor}.${patch}`;
}

/** How far Redis's clock is ahead of ours. */
async function clockSkewMs(redis: Redis, clock: Clock): Promise<number> {
  const askedAtMs = clock.now();
  const [seconds, microseconds] = await redis.time();
  const hereMs = (askedAtMs + clock.now()) / 2;
  return Math.round(Number(seconds) * 1_000 + Number(microseconds) / 1_000 - hereMs);
}
