import { Worker } from 'node:worker_threads';

import { SluiceError, type ChatInput } from '@sluice/contracts';

/** Whose rule to count by: the provider's kind, and its name of the model. */
export interface CountOptions {
  kind: string;
  model: string;
}

export interface CountAsked {
  id: number;
  input: ChatInput;
  options: CountOptions;
}

export type CountReply = { id: number } & ({ tokens: number } | { error: string });

/** Counts what a chat would take as input. */
export interface TokenCounter {
  count(input: ChatInput, options: CountOptions): Promise<number>;
}

interface Waiting {
  resolve(tokens: number): void;
  reject(error: Error): void;
}

/** Its thread starts with the first question, and is no reason for the process to stay. Ends with `closing`. */
export function createTokenCounter(closing: AbortSignal): TokenCounter {
  const waiting = new Map<number, Waiting>();
  let thread: Worker | undefined;
  let lastId = 0;
  const failAll = (error: Error) => {
    thread = undefined;
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  };
  const start = () => {
    const started = new Worker(new URL('count-thread.ts', import.meta.url));
    started.on('message', (reply: CountReply) => {
      const asker = waiting.get(reply.id);
      waiting.delete(reply.id);
      if ('tokens' in reply) asker?.resolve(reply.tokens);
      else asker?.reject(new SluiceError('internal_error', reply.error));
    });
    started.on('error', failAll);
    started.on('exit', () => failAll(new SluiceError('unavailable', 'the count was cut off')));
    closing.addEventListener('abort', () => void started.terminate(), { once: true });
    started.unref();
    return started;
  };
  return {
    count: async (input, options) =>
      await new Promise<number>((resolve, reject) => {
        thread ??= start();
        const id = (lastId += 1);
        waiting.set(id, { resolve, reject });
        // A thread is no window: there is no origin.
        // oxlint-disable-next-line unicorn/require-post-message-target-origin
        thread.postMessage({ id, input, options } satisfies CountAsked);
      }),
  };
}
