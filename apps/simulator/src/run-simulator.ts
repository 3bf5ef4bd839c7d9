import { createSimulator } from './create-simulator.ts';
import { readSettings } from './read-settings.ts';

/**
 * Runs the simulator as a process, until a signal or the end of the process that started it. Resolves when it listens, to what
 * ends it where the process goes on.
 */
export async function run(): Promise<{ close(): Promise<void> }> {
  const settings = readSettings(process.env);
  if ('problem' in settings) return fail(settings.problem);
  const simulator = createSimulator();
  const stop = (): void => {
    void simulator.close().then(() => process.exit(0)); // nothing is left to wait for
  };
  for (const event of ['SIGTERM', 'SIGINT', 'disconnect']) process.once(event, stop);
  try {
    const url = await simulator.listen(settings.port, settings.host);
    process.stdout.write(`Simulator of OpenAI and Dify listens on ${url}\n`);
    // A parent that has just gone is told by 'disconnect'; without a callback it would be an error.
    process.send?.({ type: 'ready', url }, undefined, undefined, () => {});
    return simulator;
  } catch (error) {
    return fail(describe(error, settings));
  }
}

function describe(error: unknown, { port, host }: { port: number; host: string }): string {
  if (!(error instanceof Error)) return String(error);
  if ('code' in error && error.code === 'EADDRINUSE') {
    return `port ${port} of ${host} is taken; set SLUICE_SIMULATOR_PORT to a free one`;
  }
  return error.message;
}

function fail(problem: string): never {
  process.stderr.write(`Simulator cannot start: ${problem}\n`);
  process.exit(1);
}
