import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A process of Sluice under test. */
export interface Child {
  readonly pid: number;
  /** Everything it printed, for the message of a failing test. */
  output(): string;
  /** Sends it a message and resolves with the next one that it sends; rejects when it ends, or is silent for too long. */
  ask(message: object): Promise<Answer>;
  kill(signal: NodeJS.Signals): void;
  readonly exited: Promise<number | null>;
  /** Whether it has, and how: `undefined` while it runs. */
  ending(): string | undefined;
  /** Whether this process waits for it before it ends; it does by default. */
  setAwaited(isAwaited: boolean): void;
}

/** What a process says of itself. */
export interface Answer {
  type: string;
  url?: string;
}

export interface ChildOptions {
  /** Path from the root of the repository. */
  file: string;
  arguments?: readonly string[];
  environment: Readonly<Record<string, string | undefined>>;
  cwd?: string;
  /** User and group that it runs as, where the test's own process may choose. */
  uid?: number;
  /** How long it may take to be ready; 45 s by default. */
  readyWithinMs?: number;
}

const readyWithinMs = 45_000;

/** Stripping types once is enough for all the processes of a run. */
const compileCache = join(tmpdir(), 'sluice-test-compile-cache');

/** Starts a program of the repository and resolves when it says it is ready; the message tells its `url`. */
export async function startChild(options: ChildOptions): Promise<Child & { url: string }> {
  const child = spawn(
    process.execPath,
    [
      fileURLToPath(new URL(`../../${options.file}`, import.meta.url)),
      ...(options.arguments ?? []),
    ],
    {
      cwd: options.cwd,
      ...(options.uid !== undefined && { uid: options.uid, gid: options.uid }),
      env: {
        PATH: process.env['PATH'],
        HOME: process.env['HOME'],
        NODE_COMPILE_CACHE: compileCache,
        ...options.environment,
      },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    },
  );
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => (printed += chunk.toString('utf8')));
  }
  const exited = once(child, 'exit').then(([code]: (number | null)[]) => code ?? null);
  const ending = () =>
    child.exitCode === null && child.signalCode === null
      ? undefined
      : `${options.file} ended with ${child.exitCode ?? child.signalCode}:\n${printed.slice(-2_000)}`;
  const answered = async (withinMs: number) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), withinMs);
    try {
      return await Promise.race([
        once(child, 'message').then(([message]) => message as Answer),
        exited.then((code) => {
          throw new Error(`${options.file} ended with ${code} and had not answered:\n${printed}`);
        }),
      ]);
    } finally {
      clearTimeout(timer);
    }
  };
  const { url = '' } = await answered(options.readyWithinMs ?? readyWithinMs);
  return {
    url,
    ending,
    pid: child.pid ?? 0,
    output: () => printed,
    kill: (signal) => child.kill(signal),
    exited,
    setAwaited(isAwaited) {
      // Pipes of a child are sockets.
      const pipes = [child.stdout, child.stderr] as (Socket | null)[];
      for (const held of [child, child.channel, ...pipes]) {
        if (isAwaited) held?.ref();
        else held?.unref();
      }
    },
    async ask(message) {
      const answer = answered(readyWithinMs);
      child.send(message, () => {}); // One that is gone is told about by its exit.
      return await answer;
    },
  };
}
