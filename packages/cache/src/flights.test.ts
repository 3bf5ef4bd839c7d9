import { describe, expect, it } from 'vitest';

import { testRedis } from '@sluice/testing';

import { createFlights, flightLeaseMs, type Follower } from './flights.ts';

const flight = { scope: 'acme', digest: 'v2:1' };
const job = (jobId: string): Follower => ({ jobId, lane: 'openai', attempt: 1 });

async function setUp() {
  const { redis, root } = await testRedis({ ownedKeys: [] });
  const flights = createFlights({ redis, root });
  const expire = () => redis.hset(`{${root}:cache:acme}/flight:v2:1`, 'until', '1');
  return { flights, expire };
}

describe('a flight', () => {
  it('has one leader however many join at once', async () => {
    const { flights } = await setUp();
    const ids = Array.from({ length: 50 }, (_, i) => `job_${i}`);
    const joined = await Promise.all(ids.map((id) => flights.join(flight, job(id))));
    const [first, ...rest] = joined;
    expect(first).toEqual({ kind: 'lead' });
    for (const each of rest) {
      expect(each).toMatchObject({ kind: 'follow', leader: 'job_0' });
      expect((each as { leaseMs: number }).leaseMs).toBeLessThanOrEqual(flightLeaseMs);
    }
    expect(await flights.join({ ...flight, scope: 'evil' }, job('theirs'))).toEqual({
      kind: 'lead',
    });
  });

  it('is led on by the same job when its ticket runs again', async () => {
    const { flights } = await setUp();
    await flights.join(flight, job('a'));
    expect(await flights.join(flight, job('a'))).toEqual({ kind: 'lead' });
    expect(await flights.land(flight, 'a')).toEqual([]);
  });

  it('hands those that wait to the leader, once', async () => {
    const { flights } = await setUp();
    for (const id of ['a', 'b', 'c', 'b']) await flights.join(flight, job(id));
    const waiting = await flights.land(flight, 'a');
    expect(waiting.map(({ jobId }) => jobId).toSorted()).toEqual(['b', 'c']);
    expect(await flights.land(flight, 'a')).toEqual([]);
    expect(await flights.join(flight, job('d'))).toEqual({ kind: 'lead' });
  });

  it('goes to the next when its leader leaves, and forgets nobody else', async () => {
    const { flights } = await setUp();
    for (const id of ['a', 'b', 'c']) await flights.join(flight, job(id));
    expect(await flights.leave(flight, 'a')).toHaveLength(2);
    expect(await flights.join(flight, job('c'))).toEqual({ kind: 'lead' });
    expect(await flights.land(flight, 'c')).toEqual([job('b')]);
  });

  it('goes to the next when the lease is over or the leader has ended, and the late one moves nothing', async () => {
    const { flights, expire } = await setUp();
    await flights.join(flight, job('a'));
    expect(await flights.renew(flight, 'a', 60_000)).toBe(true);
    expect(await flights.join(flight, job('b'))).toMatchObject({ kind: 'follow' });
    await expire();
    expect(await flights.join(flight, job('b'))).toEqual({ kind: 'lead' });
    expect(await flights.renew(flight, 'a', 60_000)).toBe(false);
    expect(await flights.land(flight, 'a')).toEqual([]);
    expect(await flights.leave(flight, 'a')).toEqual([]);
    expect(await flights.join(flight, job('c'), 'a')).toMatchObject({ leader: 'b' });
    expect(await flights.join(flight, job('c'), 'b')).toEqual({ kind: 'lead' });
  });
});
