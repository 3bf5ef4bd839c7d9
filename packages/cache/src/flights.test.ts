import { describe, expect, it } from 'vitest';

import { testRedis } from '@sluice/testing';

import { createCache } from './cache.ts';
import { createFlights, flightLeaseMs, type Follower } from './flights.ts';
import { maxEntryBytes } from './reply-store.ts';
import { asKept, asEntry } from './testing/entries.ts';

const flight = { scope: 'acme', digest: 'v3:1' };
const place = asKept('a');
const job = (jobId: string): Follower => ({ jobId, lane: 'openai', attempt: 1 });

async function setUp() {
  const { redis, root, keys } = await testRedis({ ownedKeys: [] });
  const flights = createFlights({ redis, root });
  const cache = createCache({ redis, root });
  const join = (jobId: string, endedLeader?: string, of = flight) =>
    flights.join(of, { follower: job(jobId), place, ...(endedLeader && { endedLeader }) });
  const expire = () => redis.pexpire(`{${root}:cache:acme}/leader:v3:1`, 0);
  return { cache, expire, flights, join, keys };
}

describe('a flight', () => {
  it('has one leader however many join at once', async () => {
    const { join } = await setUp();
    const ids = Array.from({ length: 50 }, (_, i) => `job_${i}`);
    const [first, ...rest] = await Promise.all(ids.map((id) => join(id)));
    expect(first).toMatchObject({ kind: 'lead' });
    for (const each of rest) {
      expect(each).toMatchObject({ kind: 'follow', leader: 'job_0' });
      expect((each as { leaseMs: number }).leaseMs).toBeLessThanOrEqual(flightLeaseMs);
    }
    expect(await join('theirs', undefined, { ...flight, scope: 'evil' })).toMatchObject({
      kind: 'lead',
    });
  });

  it('is led on by the same job when its ticket runs again', async () => {
    const { flights, join } = await setUp();
    await join('a');
    expect(await join('a')).toMatchObject({ kind: 'lead' });
    expect(await flights.land(flight, 'a')).toEqual({ followers: [] });
  });

  it('hands those that wait to the leader, once', async () => {
    const { flights, join } = await setUp();
    for (const id of ['a', 'b', 'c', 'b']) await join(id);
    const { followers } = await flights.land(flight, 'a');
    expect(followers.map(({ jobId }) => jobId).toSorted()).toEqual(['b', 'c']);
    expect(await flights.land(flight, 'a')).toEqual({ followers: [] });
    expect(await join('d')).toMatchObject({ kind: 'lead' });
  });

  it('leaves its reply where whoever joins finds it', async () => {
    const { cache, flights, join } = await setUp();
    for (const id of ['a', 'b']) {
      expect((await join(id)).lookup).toEqual({ nowMs: expect.any(Number) });
    }
    const bought = { as: place, entry: asEntry('Hello') };
    expect(await flights.land(flight, 'a', bought)).toEqual({
      followers: [job('b')],
      kept: 'kept',
    });
    const { kind, lookup } = await join('c');
    expect(kind).toBe('lead');
    expect(lookup.found).toMatchObject({ entry: bought.entry, isFresh: true });
    expect(await cache.find(place)).toMatchObject({ found: { entry: bought.entry } });
  });

  it('lands although its reply is too large, was invalidated, or comes late', async () => {
    const { cache, flights, join } = await setUp();
    const entry = asEntry('Hello');
    await join('a');
    const large = { as: place, entry: asEntry('x'.repeat(maxEntryBytes)) };
    expect(await flights.land(flight, 'a', large)).toEqual({ followers: [], kept: 'too_large' });
    const { lookup } = await join('b');
    await cache.invalidate('acme', 'tag docs');
    const old = { as: { ...place, askedAtMs: lookup.nowMs }, entry };
    await join('c');
    expect(await flights.land(flight, 'b', old)).toEqual({
      followers: [job('c')],
      kept: 'invalid',
    });
    await join('d');
    expect(await flights.land(flight, 'c', { as: place, entry })).toEqual({
      followers: [],
      kept: 'kept',
    });
    expect(await join('e')).toMatchObject({ kind: 'follow', leader: 'd' });
  });

  it('goes to the next when its leader leaves, and forgets nobody else', async () => {
    const { flights, join } = await setUp();
    for (const id of ['a', 'b', 'c']) await join(id);
    expect(await flights.leave(flight, 'a')).toHaveLength(2);
    expect(await join('c')).toMatchObject({ kind: 'lead', before: 'a' });
    expect(await join('d')).toMatchObject({ kind: 'follow', leader: 'c' });
    expect(await flights.land(flight, 'c')).toEqual({ followers: [job('b'), job('d')] });
    expect(await join('b')).not.toHaveProperty('before');
  });

  it('tells who leads next whom it had waited for, but nobody who is forgotten', async () => {
    const { flights, join } = await setUp();
    for (const id of ['a', 'b', 'c']) await join(id);
    await flights.leave(flight, 'a');
    await flights.forget(flight, ['b']);
    expect(await join('b')).not.toHaveProperty('before');
    expect(await flights.leave(flight, 'b')).toEqual([job('c')]);
    expect(await join('c')).toMatchObject({ kind: 'lead', before: 'a' });
  });

  it('goes to the next when the lease is over or the leader has ended, and the late one moves nothing', async () => {
    const { flights, join, expire } = await setUp();
    await join('a');
    expect(await flights.renew(flight, 'a', 60_000)).toBe(true);
    expect(await join('b')).toMatchObject({ kind: 'follow' });
    await expire();
    expect(await join('b')).toMatchObject({ kind: 'lead' });
    expect(await flights.renew(flight, 'a', 60_000)).toBe(false);
    expect(await flights.land(flight, 'a')).toEqual({ followers: [] });
    expect(await flights.leave(flight, 'a')).toEqual([]);
    expect(await join('c', 'a')).toMatchObject({ leader: 'b' });
    expect(await join('c', 'b')).toMatchObject({ kind: 'lead' });
  });
});
