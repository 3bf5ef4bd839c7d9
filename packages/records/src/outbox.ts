import type { OutboxEntry } from '@sluice/contracts';
import { loadScript } from '@sluice/runtime';
import type { Redis } from 'ioredis';

import type { RecordsContext } from './context.ts';

const ackScript = loadScript(import.meta.url, 'ack-outbox');
const dropConsumersScript = loadScript(import.meta.url, 'drop-consumers');

const group = 'deliver';

/** A consumer that has not asked for this long and holds nothing is forgotten. */
const deadConsumerMs = 3_600_000;

/** Most entries taken over at once. */
const claimCount = 100;

/** An entry as it stands in a shard's outbox; `streamId` acknowledges it. */
export interface OutboxMessage {
  streamId: string;
  entry: OutboxEntry;
}

export interface ReadOutboxOptions {
  /** Most entries in the reply. */
  count: number;
  /** How long to wait for the first entry, in milliseconds; 0 does not wait. Waiting needs the dependency `blocking`. */
  blockMs: number;
}

/** The entries of one shard's outbox that no consumer has been given yet; they are now this consumer's to acknowledge. */
export async function readOutbox(
  context: RecordsContext & { blocking: Redis | undefined },
  shard: number,
  consumer: string,
  { count, blockMs }: ReadOutboxOptions,
): Promise<OutboxMessage[]> {
  const key = context.keys.outbox(shard);
  if (blockMs === 0) {
    const command = () =>
      context.redis.xreadgroup('GROUP', group, consumer, 'COUNT', count, 'STREAMS', key, '>');
    return fromStreams(await withGroup(context, key, command));
  }
  const { blocking } = context;
  if (!blocking) throw new TypeError('readOutbox with blockMs needs the dependency `blocking`');
  const options = ['COUNT', count, 'BLOCK', blockMs, 'STREAMS', key, '>'] as const;
  return fromStreams(
    await withGroup(context, key, () => blocking.xreadgroup('GROUP', group, consumer, ...options)),
  );
}

/** Entries whose work is done: they leave the outbox. */
export async function ackOutbox(
  context: RecordsContext,
  shard: number,
  streamIds: readonly string[],
): Promise<void> {
  if (streamIds.length === 0) return;
  await ackScript(context.redis, [context.keys.outbox(shard)], [group, ...streamIds]);
}

/**
 * Entries that another consumer was given at least `minIdleMs` ago and has not acknowledged: it is dead or stuck, and
 * they are now this consumer's. At most 100; call again until there are none. Also forgets long-dead consumers.
 */
export async function claimOutbox(
  context: RecordsContext,
  shard: number,
  consumer: string,
  minIdleMs: number,
): Promise<OutboxMessage[]> {
  const key = context.keys.outbox(shard);
  const reply = await withGroup(context, key, () =>
    context.redis.xautoclaim(key, group, consumer, minIdleMs, '0', 'COUNT', claimCount),
  );
  await dropConsumersScript(context.redis, [key], [group, deadConsumerMs]);
  // XAUTOCLAIM replies with a cursor, the entries and the ids of entries that were deleted.
  const [, entries] = reply as [string, StreamEntry[], string[]];
  return entries.map(toMessage);
}

type StreamEntry = [id: string, pairs: string[]];

/** The group is made by whoever needs it first, from the beginning of the stream: what was appended before is seen. */
async function withGroup<Reply>(
  context: RecordsContext,
  key: string,
  command: () => Promise<Reply>,
): Promise<Reply> {
  try {
    return await command();
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith('NOGROUP')) throw error;
  }
  try {
    await context.redis.xgroup('CREATE', key, group, '0', 'MKSTREAM');
  } catch (error) {
    // BUSYGROUP: another consumer was faster.
    if (!(error instanceof Error) || !error.message.startsWith('BUSYGROUP')) throw error;
  }
  return command();
}

function fromStreams(reply: unknown): OutboxMessage[] {
  // XREADGROUP of one stream replies with nil or one [key, entries].
  const streams = reply as [string, StreamEntry[]][] | null;
  return (streams?.[0]?.[1] ?? []).map(toMessage);
}

function toMessage([streamId, pairs]: StreamEntry): OutboxMessage {
  const [, eventId = '', , jobId = '', , kind] = pairs;
  return {
    streamId,
    entry: { eventId, jobId, kind: kind === 'batch_ready' ? 'batch_ready' : 'finished' },
  };
}
