import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { say } from './progress.mjs';
import { toolsFolder } from './paths.mjs';

const tellAfterMs = 1_000;
const giveUpAfterMs = 10 * 60_000;

/**
 * Runs the work while no other bootstrap of this folder does the same. Two installs at once would
 * write into one node_modules. A lock whose process is gone is taken over.
 */
export async function withLock(name, work) {
  mkdirSync(toolsFolder, { recursive: true });
  const file = join(toolsFolder, `${name}.lock`);
  await takeLock(file);
  try {
    return await work();
  } finally {
    rmSync(file, { force: true });
  }
}

async function takeLock(file) {
  const startedAt = Date.now();
  let told = false;
  while (!tryLock(file)) {
    const waitedMs = Date.now() - startedAt;
    if (waitedMs > giveUpAfterMs) {
      throw new Error(
        `another set-up holds ${file} for ten minutes; delete the file and try again`,
      );
    }
    if (!told && waitedMs > tellAfterMs) {
      say('waiting for another set-up in this folder to end ...');
      told = true;
    }
    if (!isRunning(holderOf(file))) rmSync(file, { force: true });
    await sleep(100);
  }
}

function tryLock(file) {
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
}

function holderOf(file) {
  try {
    return Number(readFileSync(file, 'utf8'));
  } catch {
    return 0;
  }
}

function isRunning(pid) {
  // The file is empty for the moment between its creation and the write of the pid.
  if (!pid) return true;
  try {
    process.kill(pid, 0);
    // A process that ended while nobody waits for it is still there, but has no command line.
    return process.platform !== 'linux' || readFileSync(`/proc/${pid}/cmdline`).length > 0;
  } catch (error) {
    return error.code === 'EPERM' || error.code === 'EACCES';
  }
}
