import { randomBytes } from 'node:crypto';

import type { Redis } from 'ioredis';

import {
  SluiceError,
  type ChangeEndpoint,
  type CreateEndpoint,
  type DisabledReason,
  type RotateSecret,
} from '@sluice/contracts';
import { loadScript, newId, type Clock, type Seals } from '@sluice/runtime';

import { decodeEndpoint, encodeSettings, type Endpoint } from './endpoint-codec.ts';
import { endpointKeys } from './keys.ts';
import { openFields, sealPairs } from './seal-endpoint.ts';

const reserveScript = loadScript(new URL('..', import.meta.url).href, 'reserve-endpoint');
const createScript = loadScript(new URL('..', import.meta.url).href, 'create-endpoint');
const changeScript = loadScript(new URL('..', import.meta.url).href, 'change-endpoint');
const removeScript = loadScript(new URL('..', import.meta.url).href, 'remove-endpoint');
const noteScript = loadScript(new URL('..', import.meta.url).href, 'note-outcome');

/** Each event of a tenant goes to each of its endpoints that asks for it. */
export const maxEndpointsOfTenant = 50;

/**
 * Which tenants have endpoints, where the end of a job can see it without a round trip of its own: in every shard. A tenant
 * is there under the number it was last added with, and removing an older number changes nothing.
 */
export interface SubscriberMirror {
  addSubscriber(tenantId: string, generation: number): Promise<void>;
  removeSubscriber(tenantId: string, generation: number): Promise<void>;
}

export interface EndpointStoreDeps {
  redis: Redis;
  /** Root of all keys. */
  root: string;
  clock: Clock;
  /** Encryption at rest of secrets and custom headers; without it they are stored in clear. */
  seals?: Seals | undefined;
}

/** What a delivery that has just ended means for its endpoint. */
export type Health =
  | { kind: 'fine' }
  | { kind: 'disable'; reason: DisabledReason; sinceMs: number };

/**
 * A tenant's webhook endpoints. Every method takes the tenant: another tenant's endpoint is not there.
 *
 * Invariant: as long as an endpoint exists, its tenant is in the mirror of every shard, so no job ends unheard. The mirror is
 * written first and then the endpoint; it is taken away only after the last endpoint, and only as far as it had been
 * announced by then. A removal between an announcement and its endpoint makes the announcer start again. A crash can leave
 * a tenant in the mirror that has no endpoint: that costs an outbox entry, which finds nobody.
 */
export interface EndpointStore {
  /** @throws SluiceError `invalid_request` when the tenant has too many. */
  create(tenantId: string, settings: CreateEndpoint): Promise<Endpoint>;
  find(tenantId: string, endpointId: string): Promise<Endpoint | undefined>;
  /** The oldest first. */
  list(tenantId: string): Promise<Endpoint[]>;
  /** `undefined` when it is not there. Enabling forgets why it was disabled and how long it had failed. */
  change(
    tenantId: string,
    endpointId: string,
    change: ChangeEndpoint,
  ): Promise<Endpoint | undefined>;
  /** A new secret; the old one signs too until the overlap ends. */
  rotateSecret(
    tenantId: string,
    endpointId: string,
    request: RotateSecret,
  ): Promise<Endpoint | undefined>;
  remove(tenantId: string, endpointId: string): Promise<boolean>;
  /** Notes an outcome. Where it says `disable`, tell who is to know, then call `disable`. */
  note(endpoint: Endpoint, outcome: Outcome, disableAfterMs: number): Promise<Health>;
  disable(endpoint: Endpoint, reason: DisabledReason): Promise<void>;
}

type Outcome = 'delivered' | 'failed' | 'gone';

export function createEndpointStore(
  deps: EndpointStoreDeps & { mirror: SubscriberMirror },
): EndpointStore {
  const { redis, root, clock } = deps;
  const find: EndpointStore['find'] = (tenantId, id) => findEndpoint(deps, tenantId, id);
  const write = async (tenantId: string, id: string, change: FieldChange) => {
    const { out = [] } = change;
    const pairs = await sealPairs(change.pairs, { tenantId, endpointId: id }, deps.seals);
    const key = endpointKeys(root, tenantId).endpoint(id);
    await changeScript(redis, [key], [out.length, ...out, ...pairs]);
    return find(tenantId, id);
  };
  return {
    find,
    create: (tenantId, settings) => createEndpoint(deps, tenantId, settings),
    async list(tenantId) {
      const ids = await redis.zrange(endpointKeys(root, tenantId).endpoints, 0, '-1');
      const found = await Promise.all(ids.map((id) => find(tenantId, id)));
      return found.filter((endpoint) => endpoint !== undefined);
    },
    change: (tenantId, endpointId, change) =>
      write(tenantId, endpointId, changeOf(change, clock.now())),
    async rotateSecret(tenantId, endpointId, { overlap_seconds: seconds, secret = newSecret() }) {
      const before = await find(tenantId, endpointId);
      if (!before) return undefined;
      const untilMs = clock.now() + Math.ceil(seconds * 1_000);
      const old = ['oldSecret', before.secret, 'oldSecretUntil', String(untilMs)];
      return write(tenantId, endpointId, { pairs: ['secret', secret, ...old] });
    },
    remove: (tenantId, endpointId) => removeEndpoint(deps, tenantId, endpointId),
    note: (endpoint, outcome, disableAfterMs) =>
      noteOutcome(deps, endpoint, { outcome, disableAfterMs }),
    async disable({ tenantId, id }, reason) {
      await write(tenantId, id, { pairs: disabledPairs(reason, clock.now()) });
    },
  };
}

interface FieldChange {
  /** Fields to take out. */
  out?: string[];
  pairs: string[];
}

async function findEndpoint(
  { redis, root, seals }: EndpointStoreDeps,
  tenantId: string,
  id: string,
): Promise<Endpoint | undefined> {
  const stored = await redis.hgetall(endpointKeys(root, tenantId).endpoint(id));
  return decodeEndpoint(
    tenantId,
    id,
    await openFields(stored, { tenantId, endpointId: id }, seals),
  );
}

async function createEndpoint(
  deps: EndpointStoreDeps & { mirror: SubscriberMirror },
  tenantId: string,
  settings: CreateEndpoint,
): Promise<Endpoint> {
  const { redis, root, clock, mirror } = deps;
  const keys = endpointKeys(root, tenantId);
  const id = newId('wh', clock.now());
  const secret = settings.secret ?? newSecret();
  const clear = encodeSettings({ ...settings, secret });
  if (!settings.enabled) clear.push(...disabledPairs('owner', clock.now()));
  const pairs = await sealPairs(clear, { tenantId, endpointId: id }, deps.seals);
  for (;;) {
    // The reply that reserve-endpoint.lua lists. Each round depends on the one before.
    // oxlint-disable-next-line no-await-in-loop
    const [generation, removed] = (await reserveScript(redis, [keys.generation], [])) as number[];
    // oxlint-disable-next-line no-await-in-loop
    await mirror.addSubscriber(tenantId, generation ?? 0);
    const names = [keys.endpoint(id), keys.endpoints, keys.generation];
    const args = [id, clock.now(), maxEndpointsOfTenant, removed ?? 0, ...pairs];
    // oxlint-disable-next-line no-await-in-loop
    const reply = await createScript(redis, names, args);
    if (reply === 'too_many') {
      const message = `a tenant has at most ${maxEndpointsOfTenant} webhook endpoints`;
      throw new SluiceError('invalid_request', message);
    }
    if (reply === 'created') {
      return { ...settings, id, tenantId, secret, createdAtMs: clock.now() };
    }
  }
}

async function removeEndpoint(
  { redis, root, mirror }: EndpointStoreDeps & { mirror: SubscriberMirror },
  tenantId: string,
  endpointId: string,
): Promise<boolean> {
  const keys = endpointKeys(root, tenantId);
  const names = [
    keys.endpoint(endpointId),
    keys.endpoints,
    keys.generation,
    keys.deliveries(endpointId),
  ];
  // The reply that remove-endpoint.lua lists.
  const [removed, left, generation] = (await removeScript(redis, names, [endpointId])) as number[];
  if (left === 0) await mirror.removeSubscriber(tenantId, generation ?? 0);
  return removed === 1;
}

async function noteOutcome(
  { redis, root, clock }: EndpointStoreDeps,
  endpoint: Endpoint,
  { outcome, disableAfterMs }: { outcome: Outcome; disableAfterMs: number },
): Promise<Health> {
  // Most deliveries go well, and then there is nothing to write.
  if (outcome === 'delivered' && endpoint.failingSinceMs === undefined) return { kind: 'fine' };
  const key = endpointKeys(root, endpoint.tenantId).endpoint(endpoint.id);
  // The replies that note-outcome.lua lists.
  const [kind, reason, since] = (await noteScript(
    redis,
    [key],
    [clock.now(), outcome, disableAfterMs],
  )) as ['fine'] | ['disable', DisabledReason, string];
  return kind === 'fine' ? { kind } : { kind, reason, sinceMs: Number(since) };
}

function changeOf(change: ChangeEndpoint, nowMs: number): FieldChange {
  const pairs = encodeSettings(change);
  if (change.enabled === true) {
    return { out: ['disabledReason', 'disabledAt', 'failingSince'], pairs };
  }
  if (change.enabled === false) pairs.push(...disabledPairs('owner', nowMs));
  return { out: [], pairs };
}

function disabledPairs(reason: DisabledReason, nowMs: number): string[] {
  return ['enabled', '0', 'disabledReason', reason, 'disabledAt', String(nowMs)];
}

/** As Standard Webhooks asks: 24 to 64 random bytes in base64 behind `whsec_`. */
function newSecret(): string {
  return `whsec_${randomBytes(32).toString('base64')}`;
}
