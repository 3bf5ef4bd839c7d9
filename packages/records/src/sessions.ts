import { createHash } from 'node:crypto';

import { loadScript } from '@sluice/runtime';

import type { RecordsContext } from './context.ts';
import { placeOfSession } from './forget-session.ts';

const keepScript = loadScript(import.meta.url, 'keep-conversation', ['list-in-session']);

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

/** Remembers the session's conversation for `ttlMs` from now on; `undefined` forgets it. */
export async function keepConversation(
  context: RecordsContext,
  session: Session,
  conversation: { id: string; ttlMs: number } | undefined,
): Promise<void> {
  const key = keyOf(context, session);
  if (!conversation) {
    await context.redis.del(key);
    return;
  }
  const { index } = placeOfSession(context, session);
  await keepScript(context.redis, [key, index], [conversation.id, conversation.ttlMs]);
}

function keyOf(context: RecordsContext, session: Session): string {
  const { tenantId, app, holder, sessionId, user } = session;
  const text = JSON.stringify([tenantId, app, holder, sessionId, user]);
  const digest = createHash('sha256').update(text).digest('hex');
  return context.keys.session(placeOfSession(context, session).shard, digest);
}
