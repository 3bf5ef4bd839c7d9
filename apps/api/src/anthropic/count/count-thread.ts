import { parentPort } from 'node:worker_threads';

import { estimateInputTokens } from '@sluice/metering';

import type { CountAsked, CountReply } from './token-counter.ts';

/** Counts tokens on a thread of its own: the tables of a tokenizer take half a second to load, in which nothing else runs. */
parentPort?.on('message', ({ id, input, options }: CountAsked) => {
  const reply = (said: CountReply) => {
    // A thread is no window: there is no origin.
    // oxlint-disable-next-line unicorn/require-post-message-target-origin
    parentPort?.postMessage(said);
  };
  // Each question has its reply, whether it went well or not.
  void estimateInputTokens(input, options).then(
    (tokens) => reply({ id, tokens }),
    (error: unknown) => reply({ id, error: String(error) }),
  );
});
