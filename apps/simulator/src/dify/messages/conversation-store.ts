import type { Usage } from '../../ledger/ledger-entry.ts';
import type { App } from '../apps/app.ts';
import { uuidOf } from '../apps/app.ts';

const MAX_CONVERSATIONS = 5000;
const MAX_MESSAGES = 20_000;

/** One question and its answer, of one app and user. */
export type Message = {
  id: string;
  conversationId: string;
  key: string;
  user: string;
  query: string;
  inputs: Record<string, unknown>;
  answer: string;
  error: string | null;
  /** What the user thinks of the answer. */
  feedback: 'like' | 'dislike' | null;
  createdAt: number;
  usage: Usage;
};

/** A variable that a chatflow keeps in its conversation. */
export type Variable = { id: string; name: string; value: unknown; updatedAt: number };

/** What was said with one app by one user. Times are Unix seconds. */
export type Conversation = {
  id: string;
  key: string;
  user: string;
  name: string;
  inputs: Record<string, unknown>;
  createdAt: number;
  updatedAt: number;
  messages: Message[];
  variables: Variable[];
};

/** What a conversation begins with. */
type Beginning = {
  app: App;
  user: string;
  query: string;
  inputs: Record<string, unknown>;
  createdAt: number;
};

/** Conversations and messages of all apps. Each is visible to its app and user only. */
export class ConversationStore {
  readonly #conversations = new Map<string, Conversation>();
  readonly #messages = new Map<string, Message>();

  /** Begins a conversation; its name is what is asked first. A chatflow's has a variable `topic`. */
  open(id: string, { app, user, query, inputs, createdAt }: Beginning): void {
    const times = { createdAt, updatedAt: createdAt };
    const topic = { id: uuidOf(`${id} topic`), name: 'topic', value: '', updatedAt: createdAt };
    this.#conversations.set(id, {
      id,
      key: app.key,
      user,
      name: nameOf(query),
      inputs,
      ...times,
      messages: [],
      variables: app.mode === 'advanced-chat' ? [topic] : [],
    });
    forgetOldest(this.#conversations, MAX_CONVERSATIONS);
  }

  /** A conversation; undefined when it is not this user's. */
  find(id: string, key: string, user: string): Conversation | undefined {
    const conversation = this.#conversations.get(id);
    return conversation?.key === key && conversation.user === user ? conversation : undefined;
  }

  /** All conversations of a user, in the order in which they began. */
  list(key: string, user: string): Conversation[] {
    return [...this.#conversations.values()].filter(
      (conversation) => conversation.key === key && conversation.user === user,
    );
  }

  /** Forgets a conversation and its messages. */
  remove({ id, messages }: Conversation): void {
    this.#conversations.delete(id);
    for (const message of messages) this.#messages.delete(message.id);
  }

  /** Stores an answered message. */
  add(message: Message): void {
    this.#messages.set(message.id, message);
    forgetOldest(this.#messages, MAX_MESSAGES);
    const conversation = this.#conversations.get(message.conversationId);
    conversation?.messages.push(message);
    if (conversation) conversation.updatedAt = message.createdAt;
  }

  /** An answered message; undefined when it is not this user's. */
  findMessage(id: string, key: string, user: string): Message | undefined {
    const message = this.#messages.get(id);
    return message?.key === key && message.user === user ? message : undefined;
  }

  clear(): void {
    this.#conversations.clear();
    this.#messages.clear();
  }
}

/** The name that is made of a question. */
export function nameOf(query: string): string {
  return query.slice(0, 75);
}

function forgetOldest(map: Map<string, unknown>, max: number): void {
  const oldest = map.keys().next().value;
  if (map.size > max && oldest !== undefined) map.delete(oldest);
}
