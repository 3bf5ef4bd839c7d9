import type { Usage } from '../../ledger/ledger-entry.ts';
import type { App } from '../apps/app.ts';

const MAX_CONVERSATIONS = 5000;

/** One question and its answer. */
export type Message = {
  id: string;
  conversationId: string;
  query: string;
  inputs: Record<string, unknown>;
  answer: string;
  error: string | null;
  createdAt: number;
  usage: Usage;
};

type Conversation = { key: string; user: string; messages: Message[] };

/** Conversations of all apps. One is visible to its app and user only. */
export class ConversationStore {
  readonly #conversations = new Map<string, Conversation>();

  /** Begins a conversation. */
  open(id: string, app: App, user: string): void {
    this.#conversations.set(id, { key: app.key, user, messages: [] });
    const oldest = this.#conversations.keys().next().value;
    if (this.#conversations.size > MAX_CONVERSATIONS && oldest !== undefined) {
      this.#conversations.delete(oldest);
    }
  }

  /** The messages of a conversation, oldest first; undefined when it is not this user's. */
  find(id: string, key: string, user: string): Message[] | undefined {
    const conversation = this.#conversations.get(id);
    if (conversation?.key !== key || conversation.user !== user) return undefined;
    return conversation.messages;
  }

  /** Stores an answered message. */
  add(message: Message): void {
    this.#conversations.get(message.conversationId)?.messages.push(message);
  }

  clear(): void {
    this.#conversations.clear();
  }
}
