import { createWriteStream, type WriteStream } from 'node:fs';

import { bundleVariable, release } from '@sluice/boot';
import { systemClock, type Logger } from '@sluice/runtime';

import { spawnService, type SpawnedService } from './spawn-service.ts';

export interface ServiceOptions {
  /** The first process; what is started after a crash is like it. */
  spawned: SpawnedService;
  environment: Readonly<Record<string, string | undefined>>;
  logFile: string;
  /** How long it may take to stop. */
  stopWithinMs: number;
  log: Logger;
}

const readyWithinMs = 20_000;
const firstRestartDelayMs = 300;
const longestRestartDelayMs = 10_000;
/** A process that lived this long did not crash because of how it starts. */
const stableAfterMs = 10_000;

/**
 * A child process that is kept alive.
 *
 * starting → (message `ready`) → running → (exit) → waiting → starting …
 * any      → (stop) → stopping → stopped
 */
export class ServiceProcess {
  readonly #options: ServiceOptions;
  readonly #stopping = new AbortController();
  readonly #output: WriteStream;
  #current: SpawnedService;
  #lastLine = '';

  constructor(options: ServiceOptions) {
    this.#options = options;
    this.#current = options.spawned;
    this.#output = createWriteStream(options.logFile, { flags: 'a', mode: 0o600 });
  }

  /** Resolves when the process says it is ready; rejects with its last words if it ends before. */
  async start(): Promise<void> {
    const startedAtMs = systemClock.now();
    const { spawned } = this.#options;
    this.#run(spawned);
    await this.#whenReady(spawned);
    void spawned.exited.then(() => this.#restart(startedAtMs, firstRestartDelayMs));
  }

  /** SIGTERM, then SIGKILL if that does not end it. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    const { child, exited } = this.#current;
    const killer = setTimeout(() => child.kill('SIGKILL'), this.#options.stopWithinMs);
    child.kill('SIGTERM');
    await exited;
    clearTimeout(killer);
    this.#output.end();
  }

  #run(spawned: SpawnedService): void {
    this.#current = spawned;
    const { child } = spawned;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => this.#keep(chunk));
    }
    release(child, this.#options.environment);
  }

  async #whenReady({ name, child, exited }: SpawnedService): Promise<void> {
    const { logFile } = this.#options;
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(
        () =>
          reject(
            new Error(`${name} was not ready within ${readyWithinMs / 1000} s; see ${logFile}`),
          ),
        readyWithinMs,
      );
      child.once('message', () => {
        clearTimeout(timer);
        resolve();
      });
      void exited.then(() => {
        clearTimeout(timer);
        reject(new Error(this.#lastLine || `${name} ended before it was ready; see ${logFile}`));
      });
    });
  }

  async #restart(startedAtMs: number, delayMs: number): Promise<void> {
    const { signal } = this.#stopping;
    if (signal.aborted) return;
    const { spawned, environment, log, logFile } = this.#options;
    const { name } = spawned;
    log.warn({ logFile, lastLine: this.#lastLine }, `${name} ended by itself; starting it again`);
    await systemClock.sleep(delayMs, signal);
    if (signal.aborted) return;
    const wasStable = systemClock.now() - startedAtMs > stableAfterMs;
    const nextDelayMs = wasStable
      ? firstRestartDelayMs
      : Math.min(delayMs * 2, longestRestartDelayMs);
    const againAtMs = systemClock.now();
    // Sources may have changed since the start: it looks for a bundle of them as they are.
    const again = spawnService(name, { ...environment, [bundleVariable]: undefined });
    this.#run(again);
    void again.exited.then(() => this.#restart(againAtMs, nextDelayMs));
  }

  #keep(chunk: Buffer): void {
    this.#output.write(chunk);
    const lines = chunk.toString('utf8').trimEnd().split('\n');
    const last = lines.at(-1);
    if (last) this.#lastLine = last;
  }
}
