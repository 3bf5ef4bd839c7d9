import { randomBytes } from 'node:crypto';

import { keyIdOfSealed } from '@sluice/runtime';
import { testRedis } from '@sluice/testing';
import { beforeEach, describe, expect, it } from 'vitest';

import { createSeals, type MasterKey, type TenantSeals } from './data-keys.ts';
import { createTenants, type Tenants } from './tenants.ts';

const master = (id: string): MasterKey => ({ id, bytes: randomBytes(32) });
const [first, second] = [master('first'), master('second')];

let nowMs = 0;
let tenants: Tenants;
/** As another process would have them. */
let sealsWith: (...masterKeys: MasterKey[]) => TenantSeals;
let dump: () => Promise<string>;

beforeEach(async () => {
  nowMs = 1_700_000_000_000;
  const { redis, root, keys } = await testRedis({ ownedKeys: [/:tenants\}\//] });
  const clock = { now: () => nowMs, sleep: async () => {} };
  tenants = createTenants({ redis, root, clock });
  await tenants.create({ id: 'acme' });
  sealsWith = (...masterKeys) => {
    const seals = createSeals({ redis, root, clock, masterKeys });
    if (!seals) throw new Error('there is a master key');
    return seals;
  };
  dump = async () => {
    const found = (await keys()).filter((key) => key.includes('data-keys'));
    return JSON.stringify(await Promise.all(found.map((key) => redis.hgetall(key))));
  };
});

describe('a tenant’s seal', () => {
  it('is the same in every process, whoever asks first', async () => {
    const [one, other] = [sealsWith(first), sealsWith(first)];
    const [here, there] = await Promise.all([one.of('acme'), other.of('acme')]);
    const sealed = here?.seal('a prompt', 'job_1/input') ?? '';
    expect(there?.open(sealed, 'job_1/input')).toBe('a prompt');
    expect(() => there?.open(sealed, 'job_2/input')).toThrow('cannot be decrypted');
    expect(there?.open('in clear', 'job_1/input')).toBe('in clear');
  });

  it('opens nothing of another tenant', async () => {
    await tenants.create({ id: 'bert' });
    const seals = sealsWith(first);
    const sealed = (await seals.of('acme'))?.seal('a prompt', 'x') ?? '';
    const foreign = await seals.of('bert', sealed);
    expect(() => foreign?.open(sealed, 'x')).toThrow();
  });

  it('is not there without the tenant, and without a master key there are none', async () => {
    expect(await sealsWith(first).of('nobody')).toBeUndefined();
    expect(await sealsWith(first).rotate('nobody')).toBe(false);
  });
});

describe('rotation', () => {
  it('of a data key seals with a new one, opens the old, and is seen where it is needed', async () => {
    const [one, other] = [sealsWith(first), sealsWith(first)];
    const old = (await one.of('acme'))?.seal('old', 'x') ?? '';
    await other.of('acme');
    expect(await one.rotate('acme')).toBe(true);
    const sealed = (await one.of('acme'))?.seal('new', 'x') ?? '';
    expect(keyIdOfSealed(sealed)).not.toBe(keyIdOfSealed(old));
    expect((await other.of('acme', sealed))?.open(sealed, 'x')).toBe('new');
    expect((await other.of('acme', old))?.open(old, 'x')).toBe('old');
  });

  it('of the master key leaves what was sealed readable, and the old one of no use', async () => {
    const sealed = (await sealsWith(first).of('acme'))?.seal('a prompt', 'x') ?? '';
    await expect(sealsWith(second).of('acme')).rejects.toThrow(/"first", which is not configured/);
    await expect(sealsWith(second).rewrapAll()).rejects.toThrow(/"first"/);
    expect(await sealsWith(second, first).rewrapAll()).toBe(1);
    expect(await sealsWith(second, first).rewrapAll()).toBe(0);
    expect((await sealsWith(second).of('acme'))?.open(sealed, 'x')).toBe('a prompt');
    expect(await dump()).not.toContain('first.');
  });
});

describe('erasing', () => {
  it('a tenant drops its keys, for good, and other processes forget them within a minute', async () => {
    const [one, other] = [sealsWith(first), sealsWith(first)];
    await one.of('acme');
    const sealed = (await other.of('acme'))?.seal('a prompt', 'x') ?? '';
    await tenants.delete('acme');
    expect(await dump()).toBe('[]');
    nowMs += 60_000;
    for (const seals of [one, other]) {
      expect(await seals.of('acme')).toBeUndefined();
      expect(await seals.of('acme', sealed)).toBeUndefined();
    }
    expect(await dump()).toBe('[]');
  });
});
