import { createSimulator } from './create-simulator.ts';
import { readSettings } from './read-settings.ts';

/** Runs the simulator as a process, until a signal or the end of the process that started it. */
async function main(): Promise<void> {
  const settings = readSettings(process.env);
  if ('problem' in settings) return fail(settings.problem);
  const simulator = createSimulator();
  try {
    const url = await simulator.listen(settings.port, settings.host);
    process.stdout.write(`Simulator of OpenAI and Dify listens on ${url}\n`);
    process.send?.({ type: 'ready', url });
  } catch (error) {
    return fail(describe(error, settings));
  }
  const stop = (): void => {
    void simulator.close().then(() => process.exit(0)); // nothing is left to wait for
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  process.once('disconnect', stop);
}

function describe(error: unknown, { port, host }: { port: number; host: string }): string {
  if (!(error instanceof Error)) return String(error);
  if ('code' in error && error.code === 'EADDRINUSE') {
    return `port ${port} of ${host} is taken; set SLUICE_SIMULATOR_PORT to a free one`;
  }
  return error.message;
}

function fail(problem: string): void {
  process.stderr.write(`Simulator cannot start: ${problem}\n`);
  process.exitCode = 1;
  if (process.connected) process.disconnect();
}

await main();
