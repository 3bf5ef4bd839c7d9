import { readFile } from 'node:fs/promises';

/** Clock ticks a second in /proc: 100 on every Linux that Node runs on. */
const ticksPerSecond = 100;

/**
 * CPU time that the processes have used so far, all threads, in microseconds each. NaN where the system does not tell
 * (anything but Linux). Other processes on the machine hardly change it, unlike a rate.
 * @see https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
 */
export async function cpuMicroseconds(pids: readonly number[]): Promise<number[]> {
  return await Promise.all(pids.map(cpuOf));
}

async function cpuOf(pid: number): Promise<number> {
  try {
    const text = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The name of the program comes second and may hold spaces and brackets: count from behind it.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return ((Number(fields[11]) + Number(fields[12])) / ticksPerSecond) * 1e6;
  } catch {
    return Number.NaN;
  }
}
