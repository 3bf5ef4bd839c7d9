import { systemClock } from '@sluice/runtime';
import { testRedis } from '@sluice/testing';
import { expect, onTestFinished, test } from 'vitest';

import { hurryTicket } from './hurry-ticket.ts';
import { Lanes } from './lanes.ts';
import { ticketId } from './ticket-id.ts';

const lane = 'sim';

test('a delayed ticket runs now, also where several hurry it at once or its delay ends meanwhile', async () => {
  const { redis, root } = await testRedis();
  const named = [{ name: lane, buckets: [], concurrency: undefined }];
  const stored = { redis, root, shards: 1, clock: systemClock };
  const lanes = new Lanes({ ...stored, lanes: named, shardOf: () => 0 });
  onTestFinished(() => lanes.close());
  const ticket = { jobId: 'job_1', tenantId: 't', type: 'chat', model: 'm', attempt: 1 } as const;
  const placed = { ticket, lane, priority: 'normal' } as const;
  const queue = lanes.queue(lane, 0);
  await queue.add(lane, ticket, { jobId: ticketId(ticket), delay: 600_000 });
  const hurry = () => hurryTicket(lanes, placed, { shard: 0, clock: systemClock, patienceMs: 0 });
  await Promise.all(Array.from({ length: 8 }, hurry));
  const job = await queue.getJob(ticketId(ticket));
  expect(['waiting', 'prioritized']).toContain(await job?.getState());
});
