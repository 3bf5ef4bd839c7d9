import { hash } from 'node:crypto';

/** What an app is, which decides the routes it answers. */
export type AppMode = 'workflow' | 'advanced-chat' | 'chat' | 'agent-chat' | 'completion';

/** A simulated Dify app. The key is the app: there is no app id in any path. */
export type App = { key: string; mode: AppMode; workflowId: string };

const MODES: readonly [prefix: string, mode: AppMode][] = [
  ['app-chatflow', 'advanced-chat'],
  ['app-chat', 'chat'],
  ['app-agent', 'agent-chat'],
  ['app-completion', 'completion'],
];

/**
 * The app of a key: `app-chatflow…`, `app-chat…`, `app-agent…` and `app-completion…` are apps of
 * that mode, every other `app-…` is a workflow.
 */
export function findApp(key: string): App {
  const mode = MODES.find(([prefix]) => key.startsWith(prefix))?.[1] ?? 'workflow';
  return { key, mode, workflowId: uuidOf(key) };
}

/** A UUID that is always the same for the same text. */
export function uuidOf(text: string): string {
  const hex = hash('sha256', text, 'hex');
  const parts = [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`];
  return [...parts, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join('-');
}
