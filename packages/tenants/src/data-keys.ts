import { randomBytes } from 'node:crypto';

import { SluiceError } from '@sluice/contracts';
import {
  decrypt,
  encrypt,
  keyIdOfSealed,
  loadScript,
  openBytesWith,
  openWith,
  sealBytesWith,
  sealedHead,
  sealWith,
  type Seal,
  type Seals,
} from '@sluice/runtime';

import { createTenantKeys } from './keys.ts';
import type { TenantsContext, TenantsDeps } from './tenants.ts';

const keepScript = loadScript(import.meta.url, 'keep-data-key');
const rewrapScript = loadScript(import.meta.url, 'rewrap-data-key');

/** A key of the operator's, which never touches what is stored: it encrypts the tenants' data keys. */
export interface MasterKey {
  id: string;
  /** 32 bytes. */
  bytes: Buffer;
}

/**
 * The data keys of tenants: 256 random bits each, in Redis only as a master key wraps them. What a tenant's jobs hold is
 * sealed with its current data key; older ones stay to open what they sealed. Deleting the tenant deletes them, and with
 * them whatever they sealed, wherever a copy of it may be.
 *
 * Life of a data key: made by the first who needs one or by `rotate` -> current -> (rotate) opens only -> (delete) gone.
 * Invariant: a key that ever sealed something is in the hash until its tenant is deleted: it is written before it is used,
 * and two processes that make the first at the same time both use the one that the script kept.
 */
export interface TenantSeals extends Seals {
  /** A new data key for all that is sealed from now on, in other processes within a minute; `false` without the tenant. */
  rotate(tenantId: string): Promise<boolean>;
  /**
   * Wraps every data key that an older master key wraps with the current one; says how many. After it the older one can go.
   * @throws Error naming the master key that is missing.
   */
  rewrapAll(): Promise<number>;
}

/** How long a process goes on with what it has read: an erased tenant's key leaves its memory after this time. */
const believedForMs = 60_000;
const maxKnownTenants = 10_000;

interface Ring {
  current: string;
  byId: ReadonlyMap<string, Buffer>;
  readAtMs: number;
}

interface SealsContext extends TenantsContext {
  masters: readonly [MasterKey, ...MasterKey[]];
  known: Map<string, Promise<Ring | undefined>>;
}

/** `masterKeys`: the first wraps, every one unwraps; without any there is no encryption, and nothing is returned. */
export function createSeals(
  deps: TenantsDeps & { masterKeys: readonly MasterKey[] },
): TenantSeals | undefined {
  const [first, ...others] = deps.masterKeys;
  if (!first) return undefined;
  const context: SealsContext = {
    ...deps,
    masters: [first, ...others],
    keys: createTenantKeys(deps.root),
    known: new Map(),
  };
  return {
    async of(tenantId, sealed) {
      const ring = await ringOf(context, tenantId, sealed && keyIdOfSealed(sealed));
      return ring && sealOf(tenantId, ring);
    },
    async rotate(tenantId) {
      context.known.delete(tenantId);
      return (await readRing(context, tenantId, { rotate: true })) !== undefined;
    },
    rewrapAll: () => rewrapAll(context),
  };
}

function sealOf(tenantId: string, { current, byId }: Ring): Seal {
  const keyOf = (id: string) => {
    const bytes = byId.get(id);
    if (bytes) return { id, bytes };
    throw new SluiceError('internal_error', `tenant ${tenantId} has no data key ${id}`);
  };
  return {
    seal: (text, about) => sealWith(keyOf(current), text, `${tenantId}/${about}`),
    open(text, about) {
      const id = keyIdOfSealed(text);
      return id === undefined ? text : openWith(keyOf(id).bytes, text, `${tenantId}/${about}`);
    },
    sealBytes: (bytes, about) => sealBytesWith(keyOf(current), bytes, `${tenantId}/${about}`),
    openBytes(bytes, about) {
      const id = keyIdOfSealed(sealedHead(bytes) ?? '');
      if (id === undefined) return bytes;
      return openBytesWith(keyOf(id).bytes, bytes, `${tenantId}/${about}`);
    },
  };
}

/** What is known, unless it is old or lacks a key that another process has made since. */
async function ringOf(
  context: SealsContext,
  tenantId: string,
  needed: string | undefined,
): Promise<Ring | undefined> {
  const { known, clock } = context;
  const before = await known.get(tenantId);
  const fresh = before && clock.now() - before.readAtMs < believedForMs;
  if (fresh && (needed === undefined || before.byId.has(needed))) return before;
  const reading = readRing(context, tenantId, { rotate: false });
  if (known.size >= maxKnownTenants) known.clear();
  known.set(tenantId, reading);
  try {
    const ring = await reading;
    if (!ring) known.delete(tenantId);
    return ring;
  } catch (error) {
    known.delete(tenantId);
    throw error;
  }
}

async function readRing(
  { redis, keys, clock, masters }: SealsContext,
  tenantId: string,
  { rotate }: { rotate: boolean },
): Promise<Ring | undefined> {
  const id = randomBytes(6).toString('hex');
  const wrapped = wrap(masters[0], tenantId, { id, bytes: randomBytes(32) });
  const reply = await keepScript(
    redis,
    [keys.tenant(tenantId), keys.dataKeys(tenantId)],
    [id, wrapped, rotate ? '1' : ''],
  );
  // Pairs, as keep-data-key.lua says.
  const fields = pairsOf(reply as string[]);
  const current = fields.get('current');
  fields.delete('current');
  if (current === undefined) return undefined;
  const byId = new Map(
    [...fields].map(([keyId, text]) => [keyId, unwrap(masters, tenantId, { keyId, text })]),
  );
  return { current, byId, readAtMs: clock.now() };
}

function pairsOf(reply: readonly string[]): Map<string, string> {
  const fields = new Map<string, string>();
  for (let i = 0; i + 1 < reply.length; i += 2) fields.set(reply[i] ?? '', reply[i + 1] ?? '');
  return fields;
}

/** `<id of the master key>.<base64url>`, bound to the tenant and the data key's id. */
function wrap(master: MasterKey, tenantId: string, key: { id: string; bytes: Buffer }): string {
  const about = `data key ${key.id} of ${tenantId}`;
  return `${master.id}.${encrypt(master.bytes, key.bytes, about).toString('base64url')}`;
}

function unwrap(
  masters: SealsContext['masters'],
  tenantId: string,
  { keyId, text }: { keyId: string; text: string },
): Buffer {
  const masterId = masterIdOf(text);
  const master = masters.find(({ id }) => id === masterId);
  if (!master) {
    throw new Error(
      `a data key of the tenant "${tenantId}" is wrapped by the master key "${masterId}", which is not configured`,
    );
  }
  const bytes = Buffer.from(text.slice(masterId.length + 1), 'base64url');
  return decrypt(master.bytes, bytes, `data key ${keyId} of ${tenantId}`);
}

function masterIdOf(wrapped: string): string {
  return wrapped.slice(0, wrapped.indexOf('.'));
}

async function rewrapAll(context: SealsContext): Promise<number> {
  const { redis, keys, masters } = context;
  const [current] = masters;
  let count = 0;
  for (const tenantId of await redis.zrange(keys.tenants, 0, '-1')) {
    const key = keys.dataKeys(tenantId);
    // One tenant after the other: this runs beside the first requests.
    // oxlint-disable-next-line no-await-in-loop
    for (const [keyId, text] of Object.entries(await redis.hgetall(key))) {
      if (keyId === 'current' || masterIdOf(text) === current.id) continue;
      const bytes = unwrap(masters, tenantId, { keyId, text });
      const args = [keyId, text, wrap(current, tenantId, { id: keyId, bytes })];
      // oxlint-disable-next-line no-await-in-loop
      count += (await rewrapScript(redis, [key], args)) === 1 ? 1 : 0;
    }
  }
  return count;
}
