import type { OutboxEntry } from '@sluice/contracts';
import { batchLane } from '@sluice/queue';
import type { OutboxMessage } from '@sluice/records';
import type { Clock, Logger } from '@sluice/runtime';

import { tellEndpoints, type TellEndpointsDeps } from './tell-endpoints.ts';

export interface RelayOutboxDeps extends TellEndpointsDeps {
  clock: Clock;
  log: Logger;
}

export interface RelayOptions {
  shard: number;
  /** This process's name in the consumer group. */
  consumer: string;
  signal: AbortSignal;
}

const entriesAtOnce = 100;
const blockMs = 2_000;
/** An entry that its reader has not acknowledged for this long belonged to a process that died. */
const abandonedAfterMs = 15_000;

/**
 * Reads the outbox until `signal` aborts. For each entry it adds what must follow, and only then acknowledges: an entry is
 * seen at least once, and the ids of what it adds make a second time harmless.
 */
export async function relayOutbox(deps: RelayOutboxDeps, options: RelayOptions): Promise<void> {
  const { shard, consumer, signal } = options;
  let nextClaimMs = 0;
  while (!signal.aborted) {
    try {
      if (deps.clock.now() >= nextClaimMs) {
        nextClaimMs = deps.clock.now() + abandonedAfterMs;
        const claimed = await deps.records.claimOutbox(shard, consumer, abandonedAfterMs);
        await passOn(claimed, deps, shard);
      }
      const entries = await deps.records.readOutbox(shard, consumer, {
        count: entriesAtOnce,
        blockMs,
      });
      await passOn(entries, deps, shard);
    } catch (error) {
      if (signal.aborted) return;
      deps.log.warn({ err: error }, 'reading the outbox failed; trying again');
      await deps.clock.sleep(500, signal);
    }
  }
}

async function passOn(
  messages: readonly OutboxMessage[],
  deps: RelayOutboxDeps,
  shard: number,
): Promise<void> {
  if (messages.length === 0) return;
  await Promise.all(messages.map(({ entry }) => follow(entry, deps, shard)));
  await deps.records.ackOutbox(
    shard,
    messages.map(({ streamId }) => streamId),
  );
}

async function follow(entry: OutboxEntry, deps: RelayOutboxDeps, shard: number): Promise<void> {
  if (entry.kind === 'finished') {
    await tellEndpoints(entry, shard, deps);
    return;
  }
  const batch = await deps.records.read(entry.jobId);
  if (!batch) return;
  // A run of its own: the ticket that fed the batch may still be finishing.
  await deps.lanes.add({
    ticket: {
      jobId: batch.jobId,
      tenantId: batch.tenantId,
      type: 'batch',
      model: 'batch',
      attempt: 2,
    },
    lane: batchLane,
    priority: batch.priority,
  });
}
