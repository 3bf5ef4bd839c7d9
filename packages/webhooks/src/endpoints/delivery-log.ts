import type { DeliveryAttemptView, DeliveryState, DeliveryView, Notice } from '@sluice/contracts';
import { loadScript } from '@sluice/runtime';

import type { EndpointStoreDeps } from './endpoint-store.ts';
import { endpointKeys, partsOfDelivery } from './keys.ts';

const logScript = loadScript(new URL('..', import.meta.url).href, 'log-delivery');

const maxDeliveriesKept = 10_000;
const maxAttemptsKept = 20;

/** What never changes of a delivery. */
export interface DeliveryFacts {
  tenantId: string;
  deliveryId: string;
  eventType: string;
  jobId?: string | undefined;
  /** Where no job made the event. */
  notice?: Notice | undefined;
}

export interface DeliveryEntry {
  state: DeliveryState;
  nextTryAtMs?: number | undefined;
  attempt?: Omit<DeliveryAttemptView, 'number'> | undefined;
  /** Leaves an entry that is there as it is. */
  onlyNew?: boolean;
}

export interface DeliveryFilter {
  state?: DeliveryState | undefined;
  /** Only what was created then or later, epoch ms. */
  sinceMs?: number | undefined;
  /** Most entries. */
  limit: number;
  /** Id of the last entry of the page before. */
  after?: string | undefined;
}

/** What became of every delivery to an endpoint, kept as long as the jobs are. */
export interface DeliveryLog {
  /** Nothing when the endpoint is gone. */
  write(facts: DeliveryFacts, entry: DeliveryEntry): Promise<void>;
  find(tenantId: string, deliveryId: string): Promise<DeliveryView | undefined>;
  /** The notice that is delivered, where no job made the event. */
  noticeOf(tenantId: string, deliveryId: string): Promise<Notice | undefined>;
  /** The newest first. `next` goes on where a page ended; filters are evaluated while reading. */
  list(
    tenantId: string,
    endpointId: string,
    filter: DeliveryFilter,
  ): Promise<{ deliveries: DeliveryView[]; next?: string }>;
}

/** Entries that are read at once. */
const readsAtOnce = 100;
/** Entries that one call looks at before it says "go on from here". */
const maxScanned = 1_000;

export function createDeliveryLog(deps: EndpointStoreDeps & { retentionMs: number }): DeliveryLog {
  const { redis, root } = deps;
  const find: DeliveryLog['find'] = async (tenantId, deliveryId) => {
    if (!partsOfDelivery(deliveryId)) return undefined;
    const key = endpointKeys(root, tenantId).delivery(deliveryId);
    return decodeDelivery(deliveryId, await redis.hgetall(key));
  };
  return {
    find,
    async noticeOf(tenantId, deliveryId) {
      const text = await redis.hget(endpointKeys(root, tenantId).delivery(deliveryId), 'notice');
      // Written by writeEntry.
      return text ? (JSON.parse(text) as Notice) : undefined;
    },
    write: (facts, entry) => writeEntry(deps, facts, entry),
    async list(tenantId, endpointId, { state, sinceMs, limit, after }) {
      const index = endpointKeys(root, tenantId).deliveries(endpointId);
      const deliveries: DeliveryView[] = [];
      let rank = after === undefined ? 0 : await rankAfter(redis, index, after);
      for (let scanned = 0; scanned < maxScanned; scanned += readsAtOnce) {
        const ids = await redis.zrange(index, String(rank), String(rank + readsAtOnce - 1), 'REV');
        const found = await Promise.all(ids.map((id) => find(tenantId, id)));
        for (const [i, delivery] of found.entries()) {
          if (delivery && sinceMs !== undefined && Date.parse(delivery.created_at) < sinceMs) {
            return { deliveries };
          }
          if (delivery && (state === undefined || delivery.state === state)) {
            deliveries.push(delivery);
          }
          if (deliveries.length >= limit) return { deliveries, next: ids[i] ?? '' };
        }
        if (ids.length < readsAtOnce) return { deliveries };
        rank += ids.length;
      }
      const last = await redis.zrange(index, String(rank - 1), String(rank - 1), 'REV');
      return { deliveries, ...(last[0] !== undefined && { next: last[0] }) };
    },
  };
}

async function rankAfter(
  redis: EndpointStoreDeps['redis'],
  index: string,
  deliveryId: string,
): Promise<number> {
  const rank = await redis.zrevrank(index, deliveryId);
  // One that is gone meanwhile was at the end: nothing follows it.
  return rank === null ? Number.MAX_SAFE_INTEGER : rank + 1;
}

async function writeEntry(
  { redis, root, clock, retentionMs }: EndpointStoreDeps & { retentionMs: number },
  { tenantId, deliveryId, eventType, jobId, notice }: DeliveryFacts,
  { state, nextTryAtMs, attempt, onlyNew }: DeliveryEntry,
): Promise<void> {
  const parts = partsOfDelivery(deliveryId);
  if (!parts) throw new TypeError(`${deliveryId} is not the id of a delivery`);
  const keys = endpointKeys(root, tenantId);
  await logScript(
    redis,
    [keys.delivery(deliveryId), keys.deliveries(parts.endpointId), keys.endpoint(parts.endpointId)],
    [
      deliveryId,
      clock.now(),
      retentionMs,
      maxDeliveriesKept,
      state,
      nextTryAtMs ?? '',
      attempt ? JSON.stringify(attempt) : '',
      maxAttemptsKept,
      onlyNew ? '1' : '',
      'type',
      eventType,
      'job',
      jobId ?? '',
      ...(notice ? ['notice', JSON.stringify(notice)] : []),
    ],
  );
}

function decodeDelivery(
  id: string,
  fields: Partial<Record<string, string>>,
): DeliveryView | undefined {
  const parts = partsOfDelivery(id);
  const { state, type = '', job, createdAt, nextTry, attempts } = fields;
  if (!parts || state === undefined) return undefined;
  const numbers = Array.from({ length: Number(attempts ?? 0) }, (_, i) => i + 1);
  return {
    id,
    object: 'webhook_delivery',
    webhook_id: parts.endpointId,
    event_id: parts.eventId,
    event_type: type,
    ...(job && { job_id: job }),
    // Written by this package alone.
    state: state as DeliveryState,
    created_at: new Date(Number(createdAt)).toISOString(),
    ...(nextTry !== undefined && { next_try_at: new Date(Number(nextTry)).toISOString() }),
    attempts: numbers.flatMap((number) => {
      const text = fields[`attempt:${number}`];
      // Written by writeEntry.
      return text === undefined
        ? []
        : [{ number, ...(JSON.parse(text) as Omit<DeliveryAttemptView, 'number'>) }];
    }),
  };
}
