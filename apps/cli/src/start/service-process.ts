import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream, type WriteStream } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { systemClock, type Logger } from '@sluice/runtime';

export interface ServiceOptions {
  /** `api`, `worker` or `simulator`: the folder of the app, and the name in messages. */
  name: string;
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
 *
 * It has an IPC channel and a session of its own: Ctrl-C reaches only the supervisor, which stops things in order, and
 * when the supervisor dies the channel closes and the child ends by itself.
 */
export class ServiceProcess {
  readonly #options: ServiceOptions;
  readonly #stopping = new AbortController();
  readonly #output: WriteStream;
  #child: ChildProcess | undefined;
  #exited: Promise<void> = Promise.resolve();
  #lastLine = '';

  constructor(options: ServiceOptions) {
    this.#options = options;
    this.#output = createWriteStream(options.logFile, { flags: 'a', mode: 0o600 });
  }

  /** Resolves when the process says it is ready; rejects with its last words if it ends before. */
  async start(): Promise<void> {
    const startedAtMs = systemClock.now();
    const child = this.#spawn();
    await this.#whenReady(child);
    void this.#exited.then(() => this.#restart(startedAtMs, firstRestartDelayMs));
  }

  /** SIGTERM, then SIGKILL if that does not end it. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    const killer = setTimeout(() => this.#child?.kill('SIGKILL'), this.#options.stopWithinMs);
    this.#child?.kill('SIGTERM');
    await this.#exited;
    clearTimeout(killer);
    this.#output.end();
  }

  #spawn(): ChildProcess {
    const file = fileURLToPath(
      new URL(`../../../${this.#options.name}/src/main.ts`, import.meta.url),
    );
    const child = spawn(process.execPath, [file], {
      env: this.#options.environment,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      detached: true,
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => this.#keep(chunk));
    }
    this.#exited = new Promise((resolve) => {
      child.once('exit', () => resolve());
      child.once('error', () => resolve());
    });
    this.#child = child;
    return child;
  }

  async #whenReady(child: ChildProcess): Promise<void> {
    const { name, logFile } = this.#options;
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
      void this.#exited.then(() => {
        clearTimeout(timer);
        reject(new Error(this.#lastLine || `${name} ended before it was ready; see ${logFile}`));
      });
    });
  }

  async #restart(startedAtMs: number, delayMs: number): Promise<void> {
    const { signal } = this.#stopping;
    if (signal.aborted) return;
    const { name, log, logFile } = this.#options;
    log.warn({ logFile, lastLine: this.#lastLine }, `${name} ended by itself; starting it again`);
    await systemClock.sleep(delayMs, signal);
    if (signal.aborted) return;
    const wasStable = systemClock.now() - startedAtMs > stableAfterMs;
    const nextDelayMs = wasStable
      ? firstRestartDelayMs
      : Math.min(delayMs * 2, longestRestartDelayMs);
    const againAtMs = systemClock.now();
    this.#spawn();
    void this.#exited.then(() => this.#restart(againAtMs, nextDelayMs));
  }

  #keep(chunk: Buffer): void {
    this.#output.write(chunk);
    const lines = chunk.toString('utf8').trimEnd().split('\n');
    const last = lines.at(-1);
    if (last) this.#lastLine = last;
  }
}
