const DEFAULT_PORT = 8081;
const DEFAULT_HOST = '127.0.0.1';

/** Where to listen. */
export type Settings = { port: number; host: string };

/** Reads `SLUICE_SIMULATOR_PORT` (0 = any free port) and `SLUICE_HOST`, or says what is wrong with them. */
export function readSettings(
  environment: Record<string, string | undefined>,
): Settings | { problem: string } {
  const given = environment.SLUICE_SIMULATOR_PORT ?? '';
  const port = given === '' ? DEFAULT_PORT : Number(given);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    return { problem: `SLUICE_SIMULATOR_PORT is "${given}"; it must be a number from 0 to 65535` };
  }
  return { port, host: environment.SLUICE_HOST || DEFAULT_HOST };
}
