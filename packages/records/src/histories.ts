import { createHash } from 'node:crypto';

import type { ChatMessage } from '@sluice/contracts';
import { loadScript } from '@sluice/runtime';

import type { RecordsContext } from './context.ts';
import { placeOfSession } from './forget-session.ts';

const appendScript = loadScript(import.meta.url, 'append-turn', ['list-in-session']);

/** Whose chats with a model are one conversation. */
export interface ChatSession {
  tenantId: string;
  /** Public name. */
  model: string;
  sessionId: string;
  user: string | undefined;
}

/** What one job said and was told. */
export interface Turn {
  jobId: string;
  messages: readonly ChatMessage[];
  /** About how many they are. */
  tokens: number;
}

export interface HistoryBounds {
  /** The oldest turns go when the history has more; the newest is kept whatever it has. */
  maxTokens: number;
  /** How long a session lives that nobody uses. */
  ttlMs: number;
}

/** What was said in the session before this job, in order. */
export async function readHistory(
  context: RecordsContext,
  session: ChatSession,
  jobId: string,
): Promise<ChatMessage[]> {
  const turns = await context.redis.lrange(keyOf(context, session), 0, '-1');
  const messages: ChatMessage[] = [];
  for (const turn of turns) {
    const [, id, text = ''] = /^(\S+) \d+ (.*)$/s.exec(turn) ?? [];
    if (id === jobId) continue;
    // oxlint-disable-next-line no-await-in-loop
    const seal = context.seals && (await context.seals.of(session.tenantId, text));
    if (context.seals && !seal) continue;
    // Written by appendTurn.
    messages.push(...(JSON.parse(seal ? seal.open(text, about(session)) : text) as ChatMessage[]));
  }
  return messages;
}

/** Adds a turn to the session; the same job's only once. */
export async function appendTurn(
  context: RecordsContext,
  session: ChatSession,
  { turn, bounds }: { turn: Turn; bounds: HistoryBounds },
): Promise<void> {
  const text = JSON.stringify(turn.messages);
  const seal = context.seals && (await context.seals.of(session.tenantId));
  if (context.seals && !seal) return;
  const stored = seal ? seal.seal(text, about(session)) : text;
  const { jobId, tokens } = turn;
  await appendScript(
    context.redis,
    [keyOf(context, session), placeOfSession(context, session).index],
    [jobId, `${jobId} ${Math.ceil(tokens)} ${stored}`, bounds.maxTokens, Math.ceil(bounds.ttlMs)],
  );
}

function keyOf(context: RecordsContext, session: ChatSession): string {
  return context.keys.history(placeOfSession(context, session).shard, digestOf(session));
}

function digestOf({ tenantId, model, sessionId, user }: ChatSession): string {
  const text = JSON.stringify([tenantId, model, sessionId, user]);
  return createHash('sha256').update(text).digest('hex');
}

function about(session: ChatSession): string {
  return `history/${digestOf(session)}`;
}
