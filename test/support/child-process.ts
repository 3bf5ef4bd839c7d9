import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A process of Sluice under test. */
export interface Child {
  readonly pid: number;
  /** Everything it printed, for the message of a failing test. */
  output(): string;
  kill(signal: NodeJS.Signals): void;
  readonly exited: Promise<number | null>;
  /** Whether it has, and how: `undefined` while it runs. */
  ending(): string | undefined;
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
  const started: Child = {
    ending,
    pid: child.pid ?? 0,
    output: () => printed,
    kill: (signal) => child.kill(signal),
    exited,
  };
  const ready = once(child, 'message').then(([message]: { url?: string }[]) => message?.url ?? '');
  const failed = exited.then((code) => {
    throw new Error(`${options.file} ended with ${code} before it was ready:\n${printed}`);
  });
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    child.kill('SIGKILL');
    late.reject(new Error(`${options.file} was not ready in time:\n${printed}`));
  }, options.readyWithinMs ?? readyWithinMs);
  try {
    return { ...started, url: await Promise.race([ready, failed, late.promise]) };
  } finally {
    clearTimeout(timer);
  }
}
