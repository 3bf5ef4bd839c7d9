import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { checkCommand, type RedisServer } from './redis-server.ts';
import { runProgram } from './run-program.ts';

/** What Redis ends with where its append-only file does. */
const torn = /Unexpected end of file reading the append only file/;

/** Reading a large file takes its time. */
const mendedWithinMs = 300_000;

/** Whether Redis did not start because its append-only file ends within a command or a transaction. */
export function isTorn(log: string): boolean {
  return torn.test(log);
}

/**
 * Takes the transaction that a crash has torn off the end of the append-only file in `dataDir`: it had never been acknowledged.
 * Redis's own tool does it, because Redis itself, told to load such a file, leaves half of the transaction in it. What it
 * writes behind that is lost with the next start, or brings the torn half back to life (measured with 7.0.15).
 * @throws Error with what the tool says.
 * @see https://github.com/valkey-io/valkey/pull/4342
 */
export async function mendAppendOnlyFile(server: RedisServer, dataDir: string): Promise<void> {
  const { program, arguments: words, environment } = checkCommand(server, fileIn(dataDir), dataDir);
  const { ok, output } = await runProgram(program, words, {
    environment: { ...process.env, ...environment },
    timeoutMs: mendedWithinMs,
    input: 'y\n',
  });
  if (ok) return;
  const message = `The append-only file in ${dataDir} was torn by a crash and could not be mended by ${program}: ${output}`;
  throw new Error(message);
}

/** Since 7.0 it is a folder of several. */
function fileIn(dataDir: string): string {
  const manifest = join(dataDir, 'appendonlydir', 'appendonly.aof.manifest');
  return existsSync(manifest) ? manifest : join(dataDir, 'appendonly.aof');
}
