import { parentPort } from 'node:worker_threads';

import type { CountAsked, CountReply } from './count-on-thread.ts';
import { createTokenCounter } from './count-tokens.ts';
import { loadTokenizer } from './tokenizers.ts';

/** The thread of `count-on-thread.ts`: each question has its reply, whether it went well or not. */
parentPort?.on('message', ({ id, text, encoding }: CountAsked) => {
  const reply = (said: CountReply) => {
    // A thread is no window: there is no origin.
    // oxlint-disable-next-line unicorn/require-post-message-target-origin
    parentPort?.postMessage(said);
  };
  const count = async () => {
    await loadTokenizer(encoding);
    return await createTokenCounter({ encoding }).count(text);
  };
  void count().then(
    (tokens) => reply({ id, tokens }),
    (error: unknown) => reply({ id, error: String(error) }),
  );
});
