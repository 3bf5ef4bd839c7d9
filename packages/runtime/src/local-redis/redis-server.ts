/** A Redis (or Valkey) that can be started on this machine: see `findRedisServer`. */
export type RedisServer = RedisProgram | RedisImage;

/** An executable. `environment` is what it needs on top of the process's own. */
export interface RedisProgram {
  readonly kind: 'program';
  readonly program: string;
  /** As the program itself says, for example `7.0.15`. */
  readonly version: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** An image for the Docker daemon of this machine. */
export interface RedisImage {
  readonly kind: 'docker';
  readonly image: string;
}

/** A command line to start. `containerName` is set when the program is `docker`. */
export interface RedisCommand {
  readonly program: string;
  readonly arguments: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly containerName?: string;
}

/** The command that runs `server` with the configuration file at `configFile`, inside `dataDir`. */
export function redisCommand(
  server: RedisServer,
  run: { configFile: string; dataDir: string; port: number },
): RedisCommand {
  if (server.kind === 'program') {
    const { program, environment } = server;
    return { program, arguments: [run.configFile], environment };
  }
  const containerName = `sluice-redis-${process.pid}-${run.port}`;
  const publish = ['--publish', `127.0.0.1:${run.port}:${run.port}`];
  const words = ['run', '--rm', '--name', containerName, ...publish, ...inFolder(run.dataDir)];
  words.push(server.image, 'redis-server', run.configFile);
  return { program: 'docker', arguments: words, environment: {}, containerName };
}

/** The command that mends the append-only file at `file`, inside `dataDir`; it asks whether it may on its input. */
export function checkCommand(server: RedisServer, file: string, dataDir: string): RedisCommand {
  const words = ['--fix', file];
  if (server.kind === 'program') {
    // Every package of Redis and of Valkey has it beside the server.
    const program = server.program.replace(/-server$/, '-check-aof');
    return { program, arguments: words, environment: server.environment };
  }
  const run = ['run', '--rm', '--interactive', ...inFolder(dataDir), server.image];
  return { program: 'docker', arguments: [...run, 'redis-check-aof', ...words], environment: {} };
}

/** The container sees the folder at its own place, and writes in it as this user. */
function inFolder(dataDir: string): string[] {
  const user = process.getuid ? ['--user', `${process.getuid()}:${process.getgid?.()}`] : [];
  return ['--volume', `${dataDir}:${dataDir}`, ...user];
}
