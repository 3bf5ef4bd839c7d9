import type { ChildProcess } from 'node:child_process';

type Environment = Readonly<Record<string, string | undefined>>;

/** Set in the environment of a process that is held. */
const heldVariable = 'SLUICE_HELD';

/**
 * The environment for a child that loads its program at once, and runs it when {@link release} tells it the rest of its
 * environment: loading takes longer than to find out what that is. The child needs an IPC channel, and ends with it.
 */
export function held(environment: Environment): Record<string, string | undefined> {
  return { ...environment, [heldVariable]: 'yes' };
}

/** Lets a held child run, with `environment` on top of the one that it was started with. */
export function release(child: ChildProcess, environment: Environment): void {
  // One that has just ended is told about by its exit; without a callback it would be an error.
  child.send(environment, () => {});
}

/** In the child: resolves when it is released, at once where it was not held. */
export async function whenReleased(): Promise<void> {
  if (process.env[heldVariable] === undefined) return;
  delete process.env[heldVariable];
  const leave = () => process.exit(0);
  process.once('disconnect', leave);
  // Sent by `release`.
  const environment = await new Promise<Record<string, string>>((resolve) => {
    process.once('message', (message) => resolve(message as Record<string, string>));
  });
  process.off('disconnect', leave);
  Object.assign(process.env, environment);
}
