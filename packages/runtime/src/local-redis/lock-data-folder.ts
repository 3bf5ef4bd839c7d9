import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { systemClock } from '../clock.ts';
import { runProgram } from './run-program.ts';

/** The right to run a Redis on a data folder; two of them would destroy one append-only file. */
export interface DataFolderLock {
  /** Notes which Redis runs on the folder, for the next owner to find should this process be killed. */
  noteRedis(redisPid: number): Promise<void>;
  release(): Promise<void>;
}

interface Holder {
  readonly pid: number;
  readonly redisPid?: number;
}

const orphanGoneWithinMs = 15_000;
const lockedHere = new Set<string>();

/**
 * Takes the lock of a data folder, making the folder when needed. A lock left by a process that is
 * gone is taken over, after its Redis, if it still runs, has been stopped. Rejects while the
 * other process lives.
 */
export async function lockDataFolder(dataDir: string): Promise<DataFolderLock> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const file = join(dataDir, 'redis.lock');
  const own = JSON.stringify({ pid: process.pid });
  while (!(await tryWrite(file, own))) {
    const holder = await readHolder(file);
    if (lockedHere.has(file) || (await isLive(holder.pid))) {
      throw new Error(
        `Another Sluice (process ${holder.pid}) uses ${dataDir}. Stop it, or set SLUICE_DATA_DIR to another folder.`,
      );
    }
    if (holder.redisPid !== undefined) await stopOrphan(holder.redisPid);
    await rm(file, { force: true });
  }
  lockedHere.add(file);
  return {
    noteRedis: async (redisPid) => {
      await writeFile(file, JSON.stringify({ pid: process.pid, redisPid }));
    },
    release: async () => {
      lockedHere.delete(file);
      await rm(file, { force: true });
    },
  };
}

async function tryWrite(file: string, text: string): Promise<boolean> {
  try {
    await writeFile(file, text, { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

async function readHolder(file: string): Promise<Holder> {
  try {
    // Written by this file only; a torn write counts as a lock nobody holds.
    return JSON.parse(await readFile(file, 'utf8')) as Holder;
  } catch {
    return { pid: 0 };
  }
}

/**
 * Whether the process that took the lock still runs. After a restart of the machine or container its
 * number may belong to this process or to a stranger: so not our own, and a Node.js one.
 */
async function isLive(pid: number): Promise<boolean> {
  if (pid === process.pid) return false;
  return /\bnode\b/.test(await commandLine(pid));
}

async function stopOrphan(redisPid: number): Promise<void> {
  const isOrphan = async () => /redis|valkey/.test(await commandLine(redisPid));
  if (!(await isOrphan())) return;
  process.kill(redisPid, 'SIGTERM');
  const startedAt = systemClock.now();
  while (await isOrphan()) {
    if (systemClock.now() - startedAt > orphanGoneWithinMs) {
      throw new Error(`A Redis of an earlier start (process ${redisPid}) does not end. Stop it.`);
    }
    await systemClock.sleep(50);
  }
}

/** The command line of a running process; empty when there is none. */
async function commandLine(pid: number): Promise<string> {
  if (pid <= 0) return '';
  try {
    if (process.platform === 'linux') return await readFile(`/proc/${pid}/cmdline`, 'latin1');
  } catch {
    return '';
  }
  const words = ['-o', 'command=', '-p', String(pid)];
  return (await runProgram('ps', words, { environment: process.env, timeoutMs: 5_000 })).output;
}
