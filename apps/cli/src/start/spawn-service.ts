import { spawn, type ChildProcess } from 'node:child_process';
import { getCompileCacheDir } from 'node:module';
import { fileURLToPath } from 'node:url';

import { held } from '@sluice/boot';

import { readEnvironment } from '../environment.ts';

/** A process that loads its program, and waits to be released. */
export interface SpawnedService {
  /** `api`, `worker` or `simulator`: the folder of the app, and the name in messages. */
  name: string;
  child: ChildProcess;
  /** Resolves when the process is gone, or could not be started. */
  exited: Promise<void>;
}

/** Starts the process of every service that `sluice start` supervises. */
export function spawnServices(): SpawnedService[] {
  return ['simulator', 'api', 'worker'].map((name) => spawnService(name, readEnvironment()));
}

/**
 * Starts the process of a service. It has an IPC channel and a session of its own: Ctrl-C reaches only the supervisor, which
 * stops things in order, and when the supervisor dies the channel closes and the child ends by itself.
 */
export function spawnService(
  name: string,
  environment: Readonly<Record<string, string | undefined>>,
): SpawnedService {
  const file = fileURLToPath(new URL(`../../../${name}/src/main.ts`, import.meta.url));
  const child = spawn(process.execPath, [file], {
    // What this process keeps compiled, its children may use.
    env: held({ NODE_COMPILE_CACHE: getCompileCacheDir(), ...environment }),
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    detached: true,
  });
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  return { name, child, exited };
}
