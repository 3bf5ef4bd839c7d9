import { createHash } from 'node:crypto';

import { loadScript } from '@sluice/runtime';

import type { RecordsContext } from './context.ts';
import { shardOfDigest } from './idempotency.ts';

const forgetScript = loadScript(import.meta.url, 'forget-session');

/** A session may have been used with any number of models, apps and users. */
const keysAtOnce = 500;

/** Where all that is kept of a tenant's session is, and the list of it. */
export function placeOfSession(
  { keys, shards }: RecordsContext,
  { tenantId, sessionId }: { tenantId: string; sessionId: string },
): { shard: number; index: string } {
  const text = JSON.stringify([tenantId, sessionId]);
  const digest = createHash('sha256').update(text).digest('hex');
  const shard = shardOfDigest(digest, shards);
  return { shard, index: keys.sessions(shard, digest) };
}

/**
 * Forgets a session of a tenant, with every model, app and user: histories of chats and which conversations of apps it goes on
 * with. What a job adds that is under way stays. `false`: there was nothing.
 */
export async function forgetSession(
  context: RecordsContext,
  session: { tenantId: string; sessionId: string },
): Promise<boolean> {
  const { index } = placeOfSession(context, session);
  let removed = 0;
  for (;;) {
    // Each round takes what the one before it has left.
    // oxlint-disable-next-line no-await-in-loop
    const names = await context.redis.srandmember(index, keysAtOnce);
    if (names.length === 0) return removed > 0;
    // oxlint-disable-next-line no-await-in-loop
    removed += Number(await forgetScript(context.redis, [index, ...names], []));
  }
}
