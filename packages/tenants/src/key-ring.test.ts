import { createLogger } from '@sluice/runtime';
import { testRedis } from '@sluice/testing';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';

import type { Scope } from '@sluice/contracts';

import { apiKeyPattern, keyIdOf, newApiKey } from './api-key.ts';
import { createApiKeys, type ApiKeys } from './api-keys.ts';
import { createKeyRing, type KeyRing } from './key-ring.ts';
import { createRequestPace } from './request-pace.ts';
import { createTenants, type Tenants } from './tenants.ts';

const log = createLogger({ name: 'test', level: 'silent' });
const bytes = (key: string) => Buffer.from(key, 'latin1');

let nowMs = 0;
let reads: string[] = [];
let tenants: Tenants;
let apiKeys: ApiKeys;
let ring: KeyRing;
let keysOfRedis: () => Promise<string[]>;
let dump: () => Promise<string>;

beforeEach(async () => {
  nowMs = 1_700_000_000_000;
  const { redis, root, keys } = await testRedis({ ownedKeys: [/:tenants\}\//] });
  const clock = { now: () => nowMs, sleep: async () => {} };
  tenants = createTenants({ redis, root, clock });
  apiKeys = createApiKeys({ redis, root, clock });
  reads = [];
  const counting = new Proxy(redis, {
    get(target, name) {
      if (name === 'hgetall') reads.push('hgetall');
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  ring = createKeyRing({ redis: counting, root, clock, log });
  keysOfRedis = keys;
  // Not DUMP: Redis packs what it dumps.
  dump = async () => {
    const texts = (await keys()).map(async (key) =>
      (await redis.type(key)) === 'hash' ? redis.hgetall(key) : redis.zrange(key, 0, '-1'),
    );
    return JSON.stringify([await keys(), await Promise.all(texts)]);
  };
  await tenants.create({ id: 'acme' });
});

async function issue(more: { scopes?: Scope[]; expires_in_seconds?: number } = {}) {
  return apiKeys.create({ tenant_id: 'acme', scopes: ['read'], ...more });
}

describe('an API key', () => {
  it('has a prefix and a checksum by which a scanner tells it from any other text', () => {
    for (let i = 0; i < 200; i += 1) {
      const { key, id } = newApiKey();
      expect(key).toMatch(new RegExp(`^${apiKeyPattern.source}$`));
      expect(keyIdOf(bytes(key))).toBe(id);
    }
  });

  it('with any character changed is refused before Redis is asked', async () => {
    const { key } = await issue();
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: key.length - 1 }),
        fc.integer({ min: 33, max: 126 }),
        (at, code) => {
          const changed = key.slice(0, at) + String.fromCodePoint(code) + key.slice(at + 1);
          if (changed === key) return;
          expect(ring.identify(bytes(changed))).toBeUndefined();
        },
      ),
      { numRuns: 2_000 },
    );
    expect(reads).toEqual([]);
  });

  it('is stored nowhere: neither the key nor its secret part', async () => {
    const issued = await Promise.all(Array.from({ length: 50 }, () => issue()));
    const text = await dump();
    for (const { key, id } of issued) {
      expect(text).toContain(id);
      expect(text).not.toContain(key);
      expect(text).not.toContain(key.slice(26, 60));
    }
    expect(await keysOfRedis()).not.toEqual([]);
  });
});

describe('the key ring', () => {
  it('knows the caller by tenant and scopes', async () => {
    const { key, id } = await issue({ scopes: ['usage', 'submit', 'usage'] });
    const caller = await ring.identify(bytes(key));
    expect(caller).toMatchObject({ tenantId: 'acme', keyId: id });
    expect([...(caller?.scopes ?? [])]).toEqual(['submit', 'usage']);
  });

  it('asks Redis once for a key in use, answers the rest at once, and reads it again beside the requests', async () => {
    const { key } = await issue();
    await ring.identify(bytes(key));
    const atFirst = reads.length;
    for (let i = 0; i < 100; i += 1) {
      expect(ring.identify(bytes(key))).not.toBeInstanceOf(Promise);
    }
    expect(reads).toHaveLength(atFirst);
    nowMs += 500;
    for (let i = 0; i < 100; i += 1) {
      expect(ring.identify(bytes(key))).not.toBeInstanceOf(Promise);
    }
    expect(reads).toHaveLength(atFirst + 1);
  });

  it('refuses a revoked key within a second, used or idle', async () => {
    const used = await issue();
    const idle = await issue();
    for (const { key } of [used, idle]) expect(await ring.identify(bytes(key))).toBeDefined();
    await apiKeys.revoke(used.id);
    await apiKeys.revoke(idle.id);
    for (const stepMs of [300, 300, 300]) {
      nowMs += stepMs;
      await ring.identify(bytes(used.key));
    }
    nowMs += 99;
    expect(await ring.identify(bytes(used.key))).toBeUndefined();
    expect(await ring.identify(bytes(idle.key))).toBeUndefined();
  });

  it('refuses every key of a suspended tenant within a second and lets them in again', async () => {
    const { key } = await issue();
    expect(await ring.identify(bytes(key))).toBeDefined();
    await tenants.change('acme', { suspended: true });
    nowMs += 1_000;
    expect(await ring.identify(bytes(key))).toBeUndefined();
    await tenants.change('acme', { suspended: false });
    expect(await ring.identify(bytes(key))).toBeDefined();
  });

  it('refuses an expired key to the millisecond', async () => {
    const { key } = await issue({ expires_in_seconds: 0.5 });
    nowMs += 499;
    expect(await ring.identify(bytes(key))).toBeDefined();
    nowMs += 1;
    expect(await ring.identify(bytes(key))).toBeUndefined();
  });

  it('never lets in another key with the same id', async () => {
    const { key } = await issue();
    await ring.identify(bytes(key));
    const other = newApiKey().key;
    expect(await ring.identify(bytes(other))).toBeUndefined();
  });

  it('notes the last use, at most once a minute', async () => {
    const { key, id } = await issue();
    await ring.identify(bytes(key));
    await expect.poll(async () => (await apiKeys.find(id))?.last_used_at).toBeDefined();
    const first = (await apiKeys.find(id))?.last_used_at;
    nowMs += 30_000;
    await ring.identify(bytes(key));
    expect((await apiKeys.find(id))?.last_used_at).toBe(first);
    nowMs += 30_000;
    await ring.identify(bytes(key));
    await expect.poll(async () => (await apiKeys.find(id))?.last_used_at).not.toBe(first);
  });
});

describe('rotation', () => {
  it('makes a key with the same rights, and both work until the overlap ends', async () => {
    const old = await issue({ scopes: ['submit', 'read'] });
    const fresh = await apiKeys.rotate(old.id, { overlap_seconds: 60 });
    expect(fresh.scopes).toEqual(['submit', 'read']);
    nowMs += 59_999;
    expect(await ring.identify(bytes(old.key))).toBeDefined();
    expect(await ring.identify(bytes(fresh.key))).toBeDefined();
    nowMs += 1;
    expect(await ring.identify(bytes(old.key))).toBeUndefined();
    expect(await ring.identify(bytes(fresh.key))).toBeDefined();
  });

  it('never makes an old key live longer, gives the new one as long a life, and refuses an ended one', async () => {
    const old = await issue({ expires_in_seconds: 100 });
    nowMs += 50_000;
    const fresh = await apiKeys.rotate(old.id, { overlap_seconds: 3_600 });
    expect((await apiKeys.find(old.id))?.expires_at).toBe(old.expires_at);
    expect(Date.parse(fresh.expires_at ?? '')).toBe(nowMs + 100_000);
    nowMs += 50_000;
    await expect(apiKeys.rotate(old.id, { overlap_seconds: 0 })).rejects.toThrow(/not ended/);
  });
});

describe('a tenant', () => {
  it('gets its id once, for ever', async () => {
    const { key } = await issue();
    expect(await tenants.delete('acme')).toBe(true);
    expect(await tenants.delete('acme')).toBe(false);
    expect(await tenants.find('acme')).toBeUndefined();
    await expect(tenants.create({ id: 'acme' })).rejects.toMatchObject({ code: 'already_exists' });
    expect(await tenants.change('acme', { suspended: false })).toBeUndefined();
    expect(await ring.identify(bytes(key))).toBeUndefined();
    await expect(issue()).rejects.toMatchObject({ code: 'not_found' });
  });

  it('named default is there once and can be neither suspended nor deleted', async () => {
    await tenants.ensureDefault();
    await tenants.ensureDefault();
    expect((await tenants.list()).map(({ id }) => id)).toEqual(['acme', 'default']);
    await expect(tenants.delete('default')).rejects.toMatchObject({ code: 'invalid_request' });
    const suspended = tenants.change('default', { suspended: true });
    await expect(suspended).rejects.toMatchObject({ code: 'invalid_request' });
  });
});

describe('the pace of a key', () => {
  it('lets in a second worth at once, then its rate, and says when', () => {
    const pace = createRequestPace(10);
    const admitted = (atMs: number) => pace.admit(atMs) === 0;
    expect(Array.from({ length: 12 }, () => admitted(0)).filter(Boolean)).toHaveLength(10);
    expect(pace.admit(0)).toBeCloseTo(100);
    expect(admitted(99)).toBe(false);
    expect(admitted(100)).toBe(true);
    expect(admitted(100)).toBe(false);
  });
});
