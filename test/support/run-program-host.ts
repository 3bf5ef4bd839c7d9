/** What a test tells a host to do; the host says `ready` with the API's or the simulator's URL, or `closed`. */
export type HostOrder =
  | { run: readonly HostedProgram[]; environment: Record<string, string | undefined> }
  | { close: true };

export type HostedProgram = keyof typeof programs;

const programs = {
  simulator: () => import('../../apps/simulator/src/run-simulator.ts'),
  worker: () => import('../../apps/worker/src/run-worker.ts'),
  api: () => import('../../apps/api/src/run-api.ts'),
};

interface Running {
  close(): Promise<void>;
}

/** What each program listens to. */
const events = [
  'SIGTERM',
  'SIGINT',
  'SIGHUP',
  'uncaughtException',
  'unhandledRejection',
  'disconnect',
];

/**
 * A process that runs programs of Sluice as they run themselves, several one after the other and at once: to load them takes
 * a process a second of the processor, and they run slowly while they are new to it. A test may end it at any time, by any
 * signal, as if it were the program.
 */
export async function run(): Promise<void> {
  const say = process.send?.bind(process);
  const running: Running[] = [];
  const ownEnvironment = { ...process.env };
  let url: string | undefined;
  // Each program says that it is ready.
  process.send = (message: { url?: string }) => {
    url = message.url ?? url;
    return true;
  };
  process.on('message', (order: HostOrder) => void follow(order));
  process.on('disconnect', leave);
  say?.({ type: 'ready' });

  async function follow(order: HostOrder): Promise<void> {
    if ('close' in order) {
      await Promise.all(running.splice(0).map((program) => program.close()));
      for (const event of events) process.removeAllListeners(event);
      process.env = { ...ownEnvironment };
      process.on('disconnect', leave);
      say?.({ type: 'closed' });
      return;
    }
    process.off('disconnect', leave);
    Object.assign(process.env, order.environment);
    for (const name of order.run) {
      const program = await programs[name]();
      running.push(await program.run());
    }
    say?.({ type: 'ready', url });
  }
}

function leave(): void {
  process.exit(0);
}
