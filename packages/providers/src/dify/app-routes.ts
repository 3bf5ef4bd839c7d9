import type { AppKind } from '@sluice/contracts';

/** How Dify runs a kind of app. */
export interface AppRoutes {
  /** Where a run is posted. */
  start: string;
  /** What comes before `/<task id>/stop`. */
  stop: string;
  /** Its events carry a run id, by which the run can be attached to and asked for. */
  hasRun: boolean;
  /** It answers with a message, which ends with `message_end`. */
  hasMessage: boolean;
}

/**
 * Dify's routes by the kind of app; a wrong pairing is answered 400.
 * @see https://docs.dify.ai/api-reference/chats/send-chat-message
 */
export const appRoutes: Readonly<Record<AppKind, AppRoutes>> = {
  workflow: { start: '/workflows/run', stop: '/workflows/tasks', hasRun: true, hasMessage: false },
  chatflow: { start: '/chat-messages', stop: '/chat-messages', hasRun: true, hasMessage: true },
  chat: { start: '/chat-messages', stop: '/chat-messages', hasRun: false, hasMessage: true },
  agent: { start: '/chat-messages', stop: '/chat-messages', hasRun: false, hasMessage: true },
  completion: {
    start: '/completion-messages',
    stop: '/completion-messages',
    hasRun: false,
    hasMessage: true,
  },
};
