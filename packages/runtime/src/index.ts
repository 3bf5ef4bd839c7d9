export { parseAllowList } from './address-guard/allow-list.ts';
export type { AllowList } from './address-guard/allow-list.ts';
export { checkUrl } from './address-guard/check-url.ts';
export { createDownloader } from './address-guard/guarded-download.ts';
export type {
  Download,
  Downloaded,
  Downloader,
  DownloaderOptions,
} from './address-guard/guarded-download.ts';
export { cacheLookup } from './address-guard/cached-lookup.ts';
export { createGuardedConnector, systemLookup } from './address-guard/guarded-connector.ts';
export type { GuardOptions, Lookup, ResolvedAddress } from './address-guard/guarded-connector.ts';
export { assertKeepsKeys } from './assert-keeps-keys.ts';
export { systemClock } from './clock.ts';
export type { Clock } from './clock.ts';
export { readEnvironment } from './environment.ts';
export { shardTag } from './keyspace.ts';
export { findFreePort } from './local-redis/free-port.ts';
export { findRedisServer } from './local-redis/find-redis-server.ts';
export { lockDataFolder } from './local-redis/lock-data-folder.ts';
export type { DataFolderLock } from './local-redis/lock-data-folder.ts';
export type { Persistence } from './local-redis/redis-config.ts';
export type { RedisServer } from './local-redis/redis-server.ts';
export { startLocalRedis } from './local-redis/start-local-redis.ts';
export type { LocalRedis, LocalRedisOptions } from './local-redis/start-local-redis.ts';
export { startRedisProcess } from './local-redis/start-redis-process.ts';
export type { RedisProcess } from './local-redis/start-redis-process.ts';
export { createLogger } from './logger.ts';
export type { Logger } from './logger.ts';
export { loadScript, readPart, runPart } from './lua-script.ts';
export type { LuaArgument, LuaPart, LuaScript } from './lua-script.ts';
export { newId, newSecret, systemRandom } from './random.ts';
export type { Random } from './random.ts';
export { createRedis, whenReady } from './redis.ts';
export type { Redis, RedisRole, RedisTls } from './redis.ts';
export { describeRedisUrl, parseRedisUrl } from './redis-address.ts';
export { nodesOf } from './redis-nodes.ts';
export {
  decrypt,
  encrypt,
  isSealed,
  keyIdOfSealed,
  openBytesWith,
  openWith,
  sealBytesWith,
  sealWith,
  sealedHead,
} from './seal.ts';
export type { Seal, Seals } from './seal.ts';
export { maxShards, shardOfSuffix, shardSuffix } from './sharded-id.ts';
export { startLoopWatchdog, type LoopWatchdog } from './loop-watchdog.ts';
export { closeOnSignal } from './shutdown.ts';
export { versionWithHoles, warnOfRedis } from './warn-of-redis.ts';
export { watchConnection, type ConnectionWatch } from './watch-connection.ts';
export { writeTogether } from './write-together.ts';
