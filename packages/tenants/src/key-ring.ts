import { timingSafeEqual } from 'node:crypto';

import type { Scope } from '@sluice/contracts';
import { loadScript, type Logger } from '@sluice/runtime';

import { digestOf, keyIdOf } from './api-key.ts';
import { readScopes } from './api-keys.ts';
import { createTenantKeys } from './keys.ts';
import { createRequestPace, type RequestPace } from './request-pace.ts';
import type { TenantsContext, TenantsDeps } from './tenants.ts';

const noteUseScript = loadScript(import.meta.url, 'note-use');

/** Who a request comes from. */
export interface Caller {
  tenantId: string;
  keyId: string;
  scopes: ReadonlySet<Scope>;
  /** The tenant's share of a lane; absent is 1. */
  weight?: number;
  /** Absent where the key has no rate of its own. */
  pace?: RequestPace;
}

export interface KeyRing {
  /**
   * The caller with this key; `undefined` when there is none, it has ended or its tenant is not active. Not a promise where
   * the key is known: a key that is in use costs no round trip. Rejects with Redis's error when it has to ask and cannot.
   */
  identify(given: Buffer): Caller | undefined | Promise<Caller | undefined>;
}

/**
 * What was read of a key counts for this long: a revoked key, and one of a suspended tenant, is refused within a second
 * by every process, without a message that could get lost. Nothing older is ever believed, so no Redis means no entry.
 */
const believedForMs = 900;

/** A key in use is read again after this time, beside the requests, which therefore never wait for it. */
const readAgainAfterMs = 400;

const noteUseEveryMs = 60_000;
const maxKnownKeys = 10_000;

interface Known {
  caller: Caller;
  digest: Buffer;
  /** The bytes that were right the last time, compared in constant time: hashing costs as much as validating a job. */
  lastRight: Buffer | undefined;
  expiresAtMs: number;
  readAtMs: number;
  notedAtMs: number;
  reading: Promise<Known | undefined> | undefined;
}

interface RingContext extends TenantsContext {
  log: Logger;
  /** Of keys without one of their own. */
  requestsPerSecond?: number | undefined;
  known: Map<string, Known>;
}

export interface KeyRingDeps extends TenantsDeps {
  log: Logger;
  /** Most requests a second with a key that has no rate of its own; `undefined` is no limit. */
  requestsPerSecond?: number | undefined;
}

/** Remembers the keys in use of one API process. */
export function createKeyRing(deps: KeyRingDeps): KeyRing {
  const ring: RingContext = { ...deps, keys: createTenantKeys(deps.root), known: new Map() };
  return {
    identify(given) {
      const keyId = keyIdOf(given);
      if (keyId === undefined) return undefined;
      const known = ring.known.get(keyId);
      const now = ring.clock.now();
      const ageMs = known ? now - known.readAtMs : Number.POSITIVE_INFINITY;
      if (!known || ageMs >= believedForMs) return readThenJudge(ring, keyId, given);
      if (ageMs >= readAgainAfterMs) refresh(ring, keyId, known);
      return judge(ring, known, given);
    },
  };
}

async function readThenJudge(
  ring: RingContext,
  keyId: string,
  given: Buffer,
): Promise<Caller | undefined> {
  const known = await (ring.known.get(keyId)?.reading ?? readKey(ring, keyId));
  // So that an id which is not there takes as long as one that is.
  if (!known) timingSafeEqual(digestOf(given), noDigest);
  return known && judge(ring, known, given);
}

const noDigest = Buffer.alloc(32);

function judge(ring: RingContext, known: Known, given: Buffer): Caller | undefined {
  const { lastRight, digest, caller } = known;
  const same = given.length === lastRight?.length && timingSafeEqual(given, lastRight);
  if (!same && !timingSafeEqual(digestOf(given), digest)) return undefined;
  known.lastRight = given;
  const now = ring.clock.now();
  if (now >= known.expiresAtMs) return undefined;
  if (now - known.notedAtMs >= noteUseEveryMs) noteUse(ring, known, now);
  return caller;
}

/** Not awaited by anybody: until it is done the old entry counts, and no longer than it may. */
function refresh(ring: RingContext, keyId: string, known: Known): void {
  if (known.reading) return;
  known.reading = readKey(ring, keyId);
  known.reading
    .catch((error: unknown) => ring.log.debug({ err: error, keyId }, 'a key was not read again'))
    .finally(() => {
      known.reading = undefined;
    });
}

/** Reads the key, then its tenant: a suspended tenant is seen however its key was made. */
async function readKey(ring: RingContext, keyId: string): Promise<Known | undefined> {
  const { redis, keys, known, clock } = ring;
  const readAtMs = clock.now();
  const fields: Partial<Record<string, string>> = await redis.hgetall(keys.key(keyId));
  const { tenant: tenantId = '', digest, scopes, rate, revokedAt, expiresAt } = fields;
  const live = digest !== undefined && !revokedAt;
  const [state, weight] = live ? await redis.hmget(keys.tenant(tenantId), 'state', 'weight') : [];
  if (state !== 'active' || digest === undefined) {
    known.delete(keyId);
    return undefined;
  }
  const before = known.get(keyId);
  const perSecond = rate === undefined ? ring.requestsPerSecond : Number(rate);
  const pace = paceOf(perSecond, before);
  const entry: Known = {
    caller: {
      tenantId,
      keyId,
      scopes: new Set(readScopes(scopes)),
      ...(weight && { weight: Number(weight) }),
      ...(pace && { pace }),
    },
    digest: Buffer.from(digest, 'hex'),
    lastRight: before?.lastRight,
    expiresAtMs: expiresAt === undefined ? Number.POSITIVE_INFINITY : Number(expiresAt),
    readAtMs,
    notedAtMs: before?.notedAtMs ?? 0,
    reading: undefined,
  };
  if (!before && known.size >= maxKnownKeys) known.clear();
  known.set(keyId, entry);
  return entry;
}

/** A key's rate never changes, so what it has used up must not be forgotten when the key is read again. */
function paceOf(perSecond: number | undefined, before: Known | undefined): RequestPace | undefined {
  if (perSecond === undefined) return undefined;
  return before?.caller.pace ?? createRequestPace(perSecond);
}

function noteUse({ redis, keys, log }: RingContext, known: Known, nowMs: number): void {
  const { keyId } = known.caller;
  known.notedAtMs = nowMs;
  noteUseScript(redis, [keys.key(keyId)], [nowMs]).catch((error: unknown) => {
    log.debug({ err: error, keyId }, 'the last use of a key was not noted');
  });
}
