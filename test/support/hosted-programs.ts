import { startChild, type Child } from './child-process.ts';
import type { HostedProgram, HostOrder } from './run-program-host.ts';

/** A process that runs programs of Sluice for one stack. */
export interface Hosted extends Child {
  /** Closes them in order and keeps the process for a later stack; one that has ended, or does not close in time, is gone. */
  close(): Promise<void>;
}

/** Hosts that run nothing now, oldest first, by what they have run: each runs no other programs. */
const idle: { kind: string; host: Child }[] = [];

/** More than one stack needs at once are of no use. */
const mostIdle = 6;
const closeWithinMs = 5_000;

/** Runs programs in one process of the repository, and resolves when all of them say they are ready. */
export async function startHosted(
  run: readonly HostedProgram[],
  environment: Record<string, string | undefined>,
): Promise<Hosted> {
  const kind = run.join(' ');
  const host =
    takeIdle(kind) ?? (await startChild({ file: 'test/support/program-host.ts', environment: {} }));
  const printedBefore = host.output().length;
  const order: HostOrder = { run, environment };
  await host.ask(order);
  return {
    ...host,
    output: () => host.output().slice(printedBefore),
    async close() {
      if (await hasClosed(host)) keep(kind, host);
    },
  };
}

function takeIdle(kind: string): Child | undefined {
  const index = idle.findIndex((known) => known.kind === kind && known.host.ending() === undefined);
  const host = index === -1 ? undefined : idle.splice(index, 1)[0]?.host;
  host?.setAwaited(true);
  return host;
}

/** A process that a test has ended, or stopped, does not answer. */
async function hasClosed(host: Child): Promise<boolean> {
  if (host.ending() !== undefined) return false;
  const timer = setTimeout(() => host.kill('SIGKILL'), closeWithinMs);
  const order: HostOrder = { close: true };
  try {
    await host.ask(order);
    return true;
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
  }
}

/** A host ends with the process that started it, which does not wait for one that runs nothing. */
function keep(kind: string, host: Child): void {
  host.setAwaited(false);
  idle.push({ kind, host });
  if (idle.length > mostIdle) idle.shift()?.host.kill('SIGTERM');
}
