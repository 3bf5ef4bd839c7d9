import { Worker } from 'node:worker_threads';

import { SluiceError } from '@sluice/contracts';

import type { Encoding } from './tokenizers.ts';

export interface CountAsked {
  id: number;
  text: string;
  encoding: Encoding;
}

export type CountReply = { id: number } & ({ tokens: number } | { error: string });

interface Waiting {
  resolve(tokens: number): void;
  reject(error: unknown): void;
}

let thread: Worker | undefined;
let lastId = 0;
const waiting = new Map<number, Waiting>();

/**
 * Tokens of a text, counted on a thread of its own. It starts with the first question, loads its tables there, where they hold
 * nothing up, and keeps the process alive only while somebody waits.
 * @throws SluiceError `internal_error`, `unavailable` when the thread ended; the reason of `signal`.
 */
export async function countOnThread(
  text: string,
  encoding: Encoding,
  signal?: AbortSignal,
): Promise<number> {
  signal?.throwIfAborted();
  const id = (lastId += 1);
  const answer = Promise.withResolvers<number>();
  const abort = () => settle(id)?.reject(signal?.reason);
  signal?.addEventListener('abort', abort, { once: true });
  waiting.set(id, answer);
  thread ??= startThread();
  thread.ref();
  // A thread is no window: there is no origin.
  // oxlint-disable-next-line unicorn/require-post-message-target-origin
  thread.postMessage({ id, text, encoding } satisfies CountAsked);
  try {
    return await answer.promise;
  } finally {
    signal?.removeEventListener('abort', abort);
  }
}

function startThread(): Worker {
  const started = new Worker(new URL('count-thread.ts', import.meta.url));
  started.on('message', (reply: CountReply) => {
    const asker = settle(reply.id);
    if ('tokens' in reply) asker?.resolve(reply.tokens);
    else asker?.reject(new SluiceError('internal_error', reply.error));
  });
  started.on('error', (error) => endThread(started, error));
  started.on('exit', () => {
    endThread(started, new SluiceError('unavailable', 'the count was cut off'));
  });
  return started;
}

/** Who waits for it, who waits no more now. */
function settle(id: number): Waiting | undefined {
  const asker = waiting.get(id);
  waiting.delete(id);
  if (waiting.size === 0) thread?.unref();
  return asker;
}

/** The next question starts another one, which may have begun before this one has told all of its end. */
function endThread(ended: Worker, error: Error): void {
  if (thread !== ended) return;
  thread = undefined;
  for (const { reject } of waiting.values()) reject(error);
  waiting.clear();
}
