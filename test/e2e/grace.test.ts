import { expect, test } from 'vitest';

import { submitLong, terminate } from '../support/long-call.ts';
import { defaultConfig, useStack } from '../support/start-stack.ts';

const graceSeconds = 2;

const stack = useStack({
  workers: 0,
  config: (addresses) => ({ ...defaultConfig(addresses), worker: { graceSeconds } }),
});

test('a call longer than the grace goes back to its lane, and another worker makes it as if it were the first', async () => {
  const leaving = await stack().addWorker();
  const { id } = await submitLong(stack(), 'longer than the grace');
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
