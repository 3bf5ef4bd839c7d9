import { Worker } from 'node:worker_threads';

/** Ends the process when its event loop stands still. */
export interface LoopWatchdog {
  stop(): Promise<void>;
}

const tickMs = 250;

/**
 * Kills the process (SIGKILL) when its event loop has stood still for `maxStallMs`. A worker whose loop stands still renews no
 * lock, and other workers start its jobs while its own calls go on upstream; killed, its calls are cut before that. The
 * thread counts its own ticks, not the clock: a process that was stopped as a whole (SIGSTOP, a paused machine) finds its
 * tickets taken over when it goes on, which a kill would not mend.
 */
export function startLoopWatchdog(maxStallMs: number): LoopWatchdog {
  const beats = new Int32Array(new SharedArrayBuffer(4));
  const data = { beats, tickMs, ticks: Math.ceil(maxStallMs / tickMs) };
  const thread = new Worker(source, { eval: true, workerData: data, execArgv: [] });
  thread.unref();
  const beating = setInterval(() => Atomics.add(beats, 0, 1), tickMs);
  beating.unref();
  return {
    async stop() {
      clearInterval(beating);
      await thread.terminate();
    },
  };
}

/** Runs in the thread; it waits on memory, so it needs no event loop of its own. */
const source = `
const { workerData } = require('node:worker_threads');
const { writeSync } = require('node:fs');
const { beats, tickMs, ticks } = workerData;
const never = new Int32Array(new SharedArrayBuffer(4));
let last = -1;
let still = 0;
for (;;) {
  Atomics.wait(never, 0, 0, tickMs);
  const now = Atomics.load(beats, 0);
  still = now === last ? still + 1 : 0;
  last = now;
  if (still >= ticks) {
    writeSync(2, 'sluice: the event loop stood still for ' + ticks * tickMs + ' ms: killing the process\\n');
    process.kill(process.pid, 'SIGKILL');
  }
}
`;
