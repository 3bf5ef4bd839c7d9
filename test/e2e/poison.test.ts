import { expect, test } from 'vitest';

import type { Child } from '../support/child-process.ts';
import { useStack } from '../support/start-stack.ts';

const stack = useStack({ workers: 0 });

const chat = (content: string) => ({
  type: 'chat',
  model: 'chat',
  input: { messages: [{ role: 'user', content }] },
});

/** Five workers have to die, and their locks to end, on a busy machine. */
const endsWithinMs = 60_000;

/**
 * Killed by every prompt with that word, when its call leaves. Others have not to wait long to take over; a lock that is shorter is
 * lost by who lives, where the machine is busy.
 */
const startWorker = () =>
  stack().addWorker({
    file: 'test/support/crashing-worker.ts',
    environment: { CRASH_AT: 'call poison', LOCK_MS: '3000' },
  });

/** Replaces each worker that dies by itself until `signal` aborts. Resolves with how many died. */
async function supervise(workers: readonly Child[], signal: AbortSignal): Promise<number> {
  let deaths = 0;
  const keep = async (first: Child) => {
    for (let worker = first; ; worker = await startWorker()) {
      const stop = () => worker.kill('SIGKILL');
      signal.addEventListener('abort', stop);
      if (signal.aborted) stop();
      await worker.exited;
      if (signal.aborted) return;
      deaths += 1;
    }
  };
  await Promise.all(workers.map(keep));
  return deaths;
}

test('a job that kills its workers is quarantined after five, the jobs beside it complete, and it can be retried', async () => {
  // Slow enough to be in flight when a worker dies: they are interrupted with it, and must not be blamed.
  await stack().simulator.behaviour({ chunkDelayMs: 100, chunks: 5 });
  const workers = await Promise.all([startWorker(), startWorker(), startWorker()]);
  const stop = new AbortController();
  const deaths = supervise(workers, stop.signal);
  const innocent = await Promise.all(
    Array.from({ length: 4 }, (_, i) => stack().submit(chat(`beside it ${i}`))),
  );
  const poison = await stack().submit(chat('poison'));
  const quarantined = await stack().ended(poison.id, endsWithinMs);
  expect(quarantined).toMatchObject({
    state: 'failed',
    error: { code: 'quarantined', message: expect.stringContaining('5 workers died') },
    attempts: [],
  });
  for (const { id } of innocent) {
    expect(await stack().ended(id, endsWithinMs)).toMatchObject({ state: 'completed' });
  }
  stop.abort();
  expect(await deaths).toBe(5);

  // What killed it is mended: this worker knows no poison.
  await stack().addWorker();
  const retry = await stack().request('POST', `/v1/jobs/${poison.id}/retry`);
  expect(retry.status).toBe(202);
  expect(await stack().ended(poison.id)).toMatchObject({
    state: 'completed',
    earlier_tries: [{ state: 'failed', error: { code: 'quarantined' } }],
  });
}, 90_000);
