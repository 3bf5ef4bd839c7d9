import { expect, test } from 'vitest';

import { defaultConfig, startStack, type Stack } from '../support/start-stack.ts';

const chat = (content: string) => ({
  type: 'chat',
  model: 'chat',
  input: { messages: [{ role: 'user', content }] },
});

interface LaneView {
  id: string;
  state: string;
  buckets: { used: number }[];
  circuit_breakers: { target: string }[];
}

async function lane(stack: Stack): Promise<LaneView | undefined> {
  const { body } = await stack.request('GET', '/v1/limits');
  // The API's own reply.
  return (body as { data: LaneView[] }).data.find(({ id }) => id === 'openai');
}

test('an outage costs few calls and no job, and its end is found within seconds', async () => {
  const stack = await startStack({
    workers: 2,
    config: (addresses) => {
      const config = defaultConfig(addresses);
      const providers = config['providers'] as Record<string, object>;
      const limits = { concurrency: 5, requestsPerMinute: 6_000 };
      return { ...config, providers: { ...providers, openai: { ...providers['openai'], limits } } };
    },
  });
  await stack.simulator.fault({ times: 1_000, fault: { kind: 'status', status: 503 } });
  const jobs = await Promise.all(
    Array.from({ length: 100 }, (_, i) => stack.submit(chat(`number ${i}`))),
  );
  await expect
    .poll(async () => (await lane(stack))?.circuit_breakers.length, { timeout: 10_000 })
    .toBe(1);
  const callsAtOpening = (await stack.simulator.calls('chat')).length;
  await new Promise((resolve) => setTimeout(resolve, 4_000));
  const outageCalls = (await stack.simulator.calls('chat')).length;
  // Ten faults open it, a call of each slot may be under way, and probes go once a second at most.
  expect(callsAtOpening).toBeLessThanOrEqual(10 + 5 + 2);
  expect(outageCalls - callsAtOpening).toBeLessThanOrEqual(5 + 5);

  const healedAtMs = performance.now();
  await stack.simulator.reset();
  const ended = await Promise.all(jobs.map(({ id }) => stack.ended(id, 40_000)));
  expect(performance.now() - healedAtMs).toBeLessThan(30_000);
  expect(ended.map(({ state }) => state)).toEqual(ended.map(() => 'completed'));
  const calls = (await stack.simulator.calls('chat')).map(({ atMs }) => atMs);
  expect(calls).toHaveLength(100);
  expect(await lane(stack)).toMatchObject({ state: 'open', circuit_breakers: [] });
}, 90_000);
