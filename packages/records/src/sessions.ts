import { createHash } from 'node:crypto';

import { loadScript } from '@sluice/runtime';

import type { RecordsContext } from './context.ts';
import { placeOfSession } from './forget-session.ts';

const keepScript = loadScript(import.meta.url, 'keep-conversation', ['list-in-session']);
const forgetScript = loadScript(import.meta.url, 'forget-conversation');

/** Who talks with what: the next job with an equal session goes on with the same conversation. */
export interface Session {
  tenantId: string;
  app: string;
  /** What holds the conversation: another account or key knows nothing of it. May be secret, only a digest is stored. */
  holder: string;
  sessionId: string;
  user: string | undefined;
}

/** The session's conversation, as the upstream names it; `undefined` if it has none, or none any more. */
export async function readConversation(
  context: RecordsContext,
  session: Session,
): Promise<string | undefined> {
  return (await context.redis.get(keyOf(context, session))) ?? undefined;
}

/** Remembers the session's conversation for `ttlMs` from now on. */
export async function keepConversation(
  context: RecordsContext,
  session: Session,
  { id, ttlMs }: { id: string; ttlMs: number },
): Promise<void> {
  const { shard, index } = placeOfSession(context, session);
  const holder = holderKey(context, shard, { tenantId: session.tenantId, id });
  await keepScript(context.redis, [keyOf(context, session), index, holder], [id, ttlMs]);
}

/** Whatever session of the tenant goes on with that conversation begins another one. */
export async function forgetConversation(
  context: RecordsContext,
  conversation: { tenantId: string; id: string },
): Promise<void> {
  const { redis, shards } = context;
  const holders = Array.from({ length: shards }, (_, shard) =>
    holderKey(context, shard, conversation),
  );
  await Promise.all(
    holders.map(async (holder) => {
      const session = await redis.get(holder);
      if (session !== null) await forgetScript(redis, [holder, session], [conversation.id]);
    }),
  );
}

/** Where the session of a conversation stands, on the session's shard. */
function holderKey(
  { keys }: RecordsContext,
  shard: number,
  { tenantId, id }: { tenantId: string; id: string },
): string {
  const text = JSON.stringify([tenantId, id]);
  return keys.conversation(shard, createHash('sha256').update(text).digest('hex'));
}

function keyOf(context: RecordsContext, session: Session): string {
  const { tenantId, app, holder, sessionId, user } = session;
  const text = JSON.stringify([tenantId, app, holder, sessionId, user]);
  const digest = createHash('sha256').update(text).digest('hex');
  return context.keys.session(placeOfSession(context, session).shard, digest);
}
