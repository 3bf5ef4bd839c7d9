import type { JobView } from '@sluice/contracts';
import { expect } from 'vitest';

import type { Child } from './child-process.ts';
import type { Stack } from './start-stack.ts';

/** Submits a job whose call takes a minute, and waits until a worker makes it: the only call so far. */
export async function submitLong(stack: Stack, content: string): Promise<JobView> {
  await stack.simulator.behaviour({ chunkDelayMs: 500, chunks: 120 });
  const input = { messages: [{ role: 'user', content }] };
  const job = await stack.submit({ type: 'chat', model: 'chat', input });
  await expect
    .poll(async () => (await stack.simulator.calls('chat')).length, { timeout: 10_000 })
    .toBe(1);
  return job;
}

/** Tells a worker to end and resolves to its exit code. */
export async function terminate(worker: Child): Promise<number | null> {
  worker.kill('SIGTERM');
  return await worker.exited;
}
