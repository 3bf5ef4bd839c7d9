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
  const user = process.getuid ? ['--user', `${process.getuid()}:${process.getgid?.()}`] : [];
  const publish = ['--publish', `127.0.0.1:${run.port}:${run.port}`];
  const mount = ['--volume', `${run.dataDir}:${run.dataDir}`];
  const words = ['run', '--rm', '--name', containerName, ...publish, ...mount, ...user];
  words.push(server.image, 'redis-server', run.configFile);
  return { program: 'docker', arguments: words, environment: {}, containerName };
}
