import type { JobView } from '@sluice/contracts';
import { expect, test } from 'vitest';

import type { Child } from '../support/child-process.ts';
import { defaultConfig, useStack } from '../support/start-stack.ts';

const graceSeconds = 2;

const stack = useStack({
  workers: 0,
  config: (addresses) => ({ ...defaultConfig(addresses), worker: { graceSeconds } }),
});

const chat = (content: string) => ({
  type: 'chat',
  model: 'chat',
  input: { messages: [{ role: 'user', content }] },
});

/** Submits a job whose call takes a minute, and waits until a worker makes it. */
async function submitLong(content: string): Promise<JobView> {
  await stack().simulator.behaviour({ chunkDelayMs: 500, chunks: 120 });
  const job = await stack().submit(chat(content));
  await expect
    .poll(async () => (await stack().simulator.calls('chat')).length, { timeout: 10_000 })
    .toBe(1);
  return job;
}

async function terminate(worker: Child): Promise<number | null> {
  worker.kill('SIGTERM');
  return await worker.exited;
}

test('a call longer than the grace goes back to its lane, and another worker makes it as if it were the first', async () => {
  const leaving = await stack().addWorker();
  const { id } = await submitLong('longer than the grace');
  const signalledAtMs = performance.now();
  // 0 says that it closed within grace + 2 s: what takes longer ends with 1.
  expect(await terminate(leaving)).toBe(0);
  expect(performance.now() - signalledAtMs).toBeGreaterThan(graceSeconds * 1_000);
  const given = await stack().request('GET', `/v1/jobs/${id}`);
  expect(given.body).toMatchObject({ state: 'queued', attempts: [] });

  await stack().simulator.behaviour({});
  const next = await stack().addWorker();
  const job = await stack().ended(id);
  expect(job).toMatchObject({ state: 'completed', attempts: [{ number: 1 }] });
  expect(job.timeline?.map(({ type }) => type)).not.toContain('interrupted');
  const outcomes = (await stack().simulator.calls('chat')).map(({ outcome }) => outcome);
  expect(outcomes).toEqual(['aborted', 'bought']);
  expect(await terminate(next)).toBe(0);
});
