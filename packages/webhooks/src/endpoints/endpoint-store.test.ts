import { systemClock } from '@sluice/runtime';
import { testRedis } from '@sluice/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';

import { createEndpoint, matchesEvent } from '@sluice/contracts';

import { createEndpointStore, maxEndpointsOfTenant } from './endpoint-store.ts';

const settings = createEndpoint.parse({ url: 'https://example.com/hook' });

/** A mirror of one shard as the records keep it, each call as late as `pause` says. */
function createMirror(pause: () => Promise<void>) {
  const known = new Map<string, number>();
  return {
    known,
    async addSubscriber(tenantId: string, generation: number) {
      await pause();
      known.set(tenantId, Math.max(generation, known.get(tenantId) ?? -1));
    },
    async removeSubscriber(tenantId: string, generation: number) {
      await pause();
      if ((known.get(tenantId) ?? -1) <= generation) known.delete(tenantId);
    },
  };
}

async function setUp(pause = async () => {}) {
  const { redis, root } = await testRedis({ ownedKeys: [/:webhooks:/] });
  const mirror = createMirror(pause);
  return { mirror, store: createEndpointStore({ redis, root, clock: systemClock, mirror }) };
}

test('while an endpoint exists its tenant is in the mirror, however creates and removals interleave', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ create: fc.boolean(), pauseMs: fc.integer({ min: 0, max: 4 }) }), {
        minLength: 2,
        maxLength: 12,
      }),
      async (acts) => {
        const pauses = acts.map(({ pauseMs }) => pauseMs);
        let turn = 0;
        const { mirror, store } = await setUp(() =>
          systemClock.sleep(pauses[(turn += 1) % pauses.length] ?? 0),
        );
        const first = await store.create('acme', settings);
        expect(mirror.known.has('acme')).toBe(true);
        const ids = [first.id];
        await Promise.all(
          acts.map(async ({ create, pauseMs }) => {
            await systemClock.sleep(pauseMs);
            if (create) {
              ids.push((await store.create('acme', settings)).id);
              return;
            }
            const id = ids.pop();
            if (id !== undefined) await store.remove('acme', id);
          }),
        );
        const left = await store.list('acme');
        expect(left.map(({ id }) => id).toSorted()).toEqual(ids.toSorted());
        expect(mirror.known.has('acme')).toBe(left.length > 0);
      },
    ),
    { numRuns: 40 },
  );
});

test('a crash between announcement and endpoint leaves a tenant in the mirror and no endpoint', async () => {
  const { mirror, store } = await setUp();
  const broken = { ...mirror, addSubscriber: async () => Promise.reject(new Error('gone')) };
  mirror.addSubscriber = broken.addSubscriber;
  await expect(store.create('acme', settings)).rejects.toThrow('gone');
  expect(await store.list('acme')).toEqual([]);
});

test('a tenant has no more endpoints than it may', async () => {
  const { store } = await setUp();
  const made = await Promise.all(
    Array.from({ length: maxEndpointsOfTenant }, () => store.create('acme', settings)),
  );
  expect(new Set(made.map(({ id }) => id)).size).toBe(maxEndpointsOfTenant);
  await expect(store.create('acme', settings)).rejects.toMatchObject({ code: 'invalid_request' });
  await store.create('other', settings);
});

test('health: one success ends a row of failures, and a row that lasts too long asks to disable', async () => {
  const { store } = await setUp();
  const { id } = await store.create('acme', settings);
  const endpoint = async () => (await store.find('acme', id))!;
  expect(await store.note(await endpoint(), 'failed', 60_000)).toEqual({ kind: 'fine' });
  expect((await endpoint()).failingSinceMs).toBeDefined();
  await store.note(await endpoint(), 'delivered', 60_000);
  expect((await endpoint()).failingSinceMs).toBeUndefined();
  await store.note(await endpoint(), 'failed', 60_000);
  const verdict = await store.note(await endpoint(), 'failed', 0);
  expect(verdict).toMatchObject({ kind: 'disable', reason: 'failing' });
  await store.disable(await endpoint(), 'failing');
  expect(await endpoint()).toMatchObject({ enabled: false, disabledReason: 'failing' });
  expect(await store.note(await endpoint(), 'failed', 0)).toEqual({ kind: 'fine' });
  const enabled = await store.change('acme', id, { enabled: true });
  expect(enabled?.disabledReason).toBeUndefined();
  expect(enabled?.failingSinceMs).toBeUndefined();
});

test('patterns: each side of the dot may be a star', () => {
  for (const [pattern, type, matches] of [
    ['*', 'endpoint.disabled', true],
    ['chat.*', 'chat.failed', true],
    ['chat.*', 'batch.failed', false],
    ['*.failed', 'batch.failed', true],
    ['*.failed', 'batch.completed', false],
    ['chat.failed', 'chat.failed', true],
    ['chat.failed.*', 'chat.failed', false],
    ['', 'chat.failed', false],
  ] as const) {
    expect({ pattern, type, matches: matchesEvent(pattern, type) }).toEqual({
      pattern,
      type,
      matches,
    });
  }
});
