import type { ChatMessage } from '@sluice/contracts';

import type { RecordsContext } from './context.ts';
import { forgetSession } from './forget-session.ts';
import {
  appendTurn,
  readHistory,
  type ChatSession,
  type HistoryBounds,
  type Turn,
} from './histories.ts';
import {
  forgetConversation,
  keepConversation,
  readConversation,
  type Session,
} from './sessions.ts';

/** What jobs of one session have in common. */
export interface SessionRecords {
  /** The conversation that the session goes on with. */
  conversation(session: Session): Promise<string | undefined>;
  /** Remembers a session's conversation. */
  keepConversation(session: Session, conversation: { id: string; ttlMs: number }): Promise<void>;
  /** Lets the session that goes on with a conversation of the tenant begin another one. */
  forgetConversation(conversation: { tenantId: string; id: string }): Promise<void>;
  /** What was said in a session of chats before this job. */
  history(session: ChatSession, jobId: string): Promise<ChatMessage[]>;
  /** Adds what a job said and was told, once. */
  appendTurn(session: ChatSession, options: { turn: Turn; bounds: HistoryBounds }): Promise<void>;
  /** Forgets a session with every model, app and user; `false`: there was nothing. */
  forgetSession(session: { tenantId: string; sessionId: string }): Promise<boolean>;
}

export function sessionRecords(context: RecordsContext): SessionRecords {
  return {
    conversation: (session) => readConversation(context, session),
    keepConversation: (session, conversation) => keepConversation(context, session, conversation),
    forgetConversation: (conversation) => forgetConversation(context, conversation),
    history: (session, jobId) => readHistory(context, session, jobId),
    appendTurn: (session, options) => appendTurn(context, session, options),
    forgetSession: (session) => forgetSession(context, session),
  };
}
