import type { Provider } from '@sluice/config';
import { SluiceError } from '@sluice/contracts';
import { createFakeClock, testRedis } from '@sluice/testing';
import { expect, test } from 'vitest';

import { ParkedKeys, refusesKey, type KeyOwner } from './parked-keys.ts';

function provider(changes: Partial<Provider> = {}): Provider {
  return {
    name: 'acme',
    kind: 'openai',
    baseUrl: 'https://api.acme.test/v1',
    apiKeys: ['one', 'two', 'three'],
    headers: {},
    options: {},
    warm: false,
    timeouts: { firstByteMs: 1, idleMs: 1 },
    ...changes,
  };
}

const acme = provider();
const target: KeyOwner = { provider: acme, model: 'm', apiKeys: acme.apiKeys };
const refusal = (status: number, code: 'upstream_auth' | 'quota_exceeded' = 'upstream_auth') =>
  new SluiceError(code, `acme answered ${status}`, { upstreamStatus: status });

/** Two workers on one Redis, each with a picture of its own, by a clock that tests move. */
async function twoWorkers() {
  const { redis, root } = await testRedis({ ownedKeys: [] });
  // Redis's own time says when a parking ends.
  const [seconds] = await redis.time();
  const clock = createFakeClock(Number(seconds) * 1_000);
  const worker = () => new ParkedKeys({ redis, root, clock });
  return { clock, one: worker(), other: worker() };
}

async function turns(keys: ParkedKeys, owner = target, count = 4): Promise<unknown[]> {
  const chosen: unknown[] = [];
  for (let i = 0; i < count; i += 1) {
    const choice = await keys.choose(owner);
    chosen.push(choice.kind === 'key' ? choice.apiKey : choice.parkings);
  }
  return chosen;
}

test('keys take turns', async () => {
  const { one } = await twoWorkers();
  expect(await turns(one)).toEqual(['one', 'two', 'three', 'one']);
  expect(await turns(one, { ...target, apiKeys: [] }, 1)).toEqual([undefined]);
});

test('a refused key is left alone by its worker at once and by others within a second', async () => {
  const { clock, one, other } = await twoWorkers();
  expect(await turns(other, target, 1)).toEqual(['one']);
  await one.choose(target);
  expect(await one.park(target, 'one', refusal(401))).toEqual({ kind: 'key', apiKey: 'two' });
  expect(await turns(one)).toEqual(['three', 'two', 'three', 'two']);
  await clock.advance(1_000);
  expect(await turns(other)).toEqual(['two', 'three', 'two', 'three']);
});

test('when every key is parked, why and until when is said for each', async () => {
  const { clock, one } = await twoWorkers();
  await one.park(target, 'one', refusal(401));
  await one.park(target, 'two', refusal(429, 'quota_exceeded'));
  const left = await one.park(target, 'three', refusal(402, 'quota_exceeded'));
  expect(left).toMatchObject({
    kind: 'parked',
    parkings: [
      { code: 'upstream_auth', reason: 'acme answered 401', sinceMs: clock.now() },
      { code: 'quota_exceeded', reason: 'acme answered 429' },
      { code: 'quota_exceeded', reason: 'acme answered 402' },
    ],
  });
});

test('a parked key comes back after ten minutes, or when it is released', async () => {
  const { clock, one } = await twoWorkers();
  const two = { ...target, apiKeys: ['one', 'two'] };
  await one.park(two, 'one', refusal(401));
  await one.park(two, 'two', refusal(401));
  await one.release(acme, 'two');
  expect(await turns(one, two, 2)).toEqual(['two', 'two']);
  await clock.advance(602_000);
  expect(await turns(one, two, 2)).toContain('one');
});

test('a 403 and a quota that is counted by model park the key for that model only', async () => {
  const { one } = await twoWorkers();
  const single = { ...target, apiKeys: ['one'] };
  const perModel = new SluiceError('quota_exceeded', 'spent', {
    upstreamStatus: 429,
    upstreamCode: 'RESOURCE_EXHAUSTED',
  });
  for (const error of [refusal(403), perModel]) {
    expect(await one.park(single, 'one', error)).toMatchObject({ kind: 'parked' });
    expect(await turns(one, { ...single, model: 'other' }, 1)).toEqual(['one']);
    await one.release(acme, 'one');
  }
});

test('another provider, base URL or key is not concerned', async () => {
  const { one } = await twoWorkers();
  const single = { ...target, apiKeys: ['one'] };
  await one.park(single, 'one', refusal(401));
  const moved = provider({ baseUrl: 'https://eu.acme.test/v1' });
  const namesake = provider({ name: 'acm' });
  expect(await turns(one, { ...single, provider: moved }, 1)).toEqual(['one']);
  expect(await turns(one, { ...single, provider: namesake }, 1)).toEqual(['one']);
  expect(await turns(one, { ...single, apiKeys: ['on'] }, 1)).toEqual(['on']);
  const parkingsOf = await one.look();
  expect(parkingsOf(acme, 'one')).toMatchObject([{ code: 'upstream_auth' }]);
  expect(parkingsOf(acme, 'two')).toEqual([]);
});

test('only an authorization or a quota that is refused is about the key', () => {
  expect(refusesKey({ code: 'upstream_auth' })).toBe(true);
  expect(refusesKey({ code: 'quota_exceeded' })).toBe(true);
  expect(refusesKey({ code: 'rate_limited' })).toBe(false);
});
