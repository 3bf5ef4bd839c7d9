import type { RedisServer } from './redis-server.ts';

/** How much of what Redis acknowledged is on disk: nothing, all but the last second, everything. */
export type Persistence = 'none' | 'everysec' | 'always';

/** What a local Redis is told. */
export interface RedisSettings {
  readonly port: number;
  readonly password: string;
  readonly dataDir: string;
  readonly persistence: Persistence;
  /** Without it Redis takes what the machine has. */
  readonly maxMemoryBytes?: number | undefined;
  /** File of users in place of the one with `password`; it has to let that one in too. */
  readonly aclFile?: string | undefined;
  /** Further lines of its configuration. */
  readonly more?: readonly string[] | undefined;
}

/**
 * The text of redis.conf. `noeviction`, because an evicted key would be a lost job. `bind` is
 * 127.0.0.1, or every address inside a container, whose port is published on 127.0.0.1 only.
 */
export function redisConfig(settings: RedisSettings, server: RedisServer): string {
  const { persistence } = settings;
  const lines = [
    `port ${settings.port}`,
    `bind ${server.kind === 'docker' ? '*' : '127.0.0.1'}`,
    settings.aclFile === undefined
      ? `requirepass ${quoted(settings.password)}`
      : `aclfile ${quoted(settings.aclFile)}`,
    `dir ${quoted(settings.dataDir)}`,
    'daemonize no',
    `appendonly ${persistence === 'none' ? 'no' : 'yes'}`,
    `appendfsync ${persistence === 'always' ? 'always' : 'everysec'}`,
    // A file that a crash has torn is mended before it is loaded: see mendAppendOnlyFile.
    'aof-load-truncated no',
    `save ${persistence === 'none' ? '""' : '3600 1'}`,
    'maxmemory-policy noeviction',
    ...(settings.maxMemoryBytes === undefined ? [] : [`maxmemory ${settings.maxMemoryBytes}`]),
    ...(settings.more ?? []),
    ...(knowsHowToStop(server) ? ['shutdown-on-sigterm nosave force'] : []),
  ];
  return `${lines.join('\n')}\n`;
}

/**
 * Since 7.0 Redis can be told to end at once: the append-only file is flushed in any case, a snapshot
 * would only take time. Else, on a full disk or with its folder gone, it answers SIGTERM with
 * "can't exit" and lives on without a supervisor.
 */
function knowsHowToStop(server: RedisServer): boolean {
  return server.kind === 'docker' || Number(server.version.split('.')[0]) >= 7;
}

function quoted(value: string): string {
  return `"${value.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}
