import { setTimeout as sleep } from 'node:timers/promises';

import type { JobView } from '@sluice/contracts';
import { expect, test } from 'vitest';

import type { Child } from '../support/child-process.ts';
import { submitLong, terminate } from '../support/long-call.ts';
import { adminKey, defaultConfig, useStack } from '../support/start-stack.ts';

/** Longer than any call takes on a busy machine, but for the one that a second signal cuts. */
const graceSeconds = 15;

const stack = useStack({
  workers: 0,
  config: (addresses) => ({ ...defaultConfig(addresses), worker: { graceSeconds } }),
});

const chat = (content: string) => ({
  type: 'chat',
  model: 'chat',
  input: { messages: [{ role: 'user', content }] },
});

test('a second signal ends a worker at once, whatever it has in flight', async () => {
  const worker = await stack().addWorker();
  const { id } = await submitLong(stack(), 'in flight for ever');
  // What comes within 500 ms is taken for the same signal: a terminal and a supervisor may both pass one on.
  const again = setInterval(() => worker.kill('SIGTERM'), 200);
  worker.kill('SIGTERM');
  const code = await worker.exited;
  clearInterval(again);
  expect(code).toBe(1);
  expect(worker.output()).toContain('second signal');
  await stack().request('POST', `/v1/jobs/${id}/cancel`);
});

test('workers and the API are replaced one by one under load: every job completes, no client sees an error', async () => {
  await stack().simulator.behaviour({ latencyMs: 300, firstByteMs: 300 });
  const old = await Promise.all([stack().addWorker(), stack().addWorker()]);
  const load = new AbortController();
  const ids: string[] = [];
  const submitting = Promise.all(
    Array.from({ length: 4 }, (_, client) => submitUntil(load.signal, client, ids)),
  );
  await acceptedMore(ids);
  const fresh: Child[] = [];
  for (const worker of old) {
    expect(await terminate(worker)).toBe(0);
    fresh.push(await stack().addWorker());
    await acceptedMore(ids);
  }
  expect(await terminate(stack().api)).toBe(0);
  await stack().restartApi();
  await acceptedMore(ids);
  load.abort();
  await submitting;

  const jobs = await Promise.all(ids.map((id) => stack().ended(id)));
  expect(new Set(jobs.map(({ state }) => state))).toEqual(new Set(['completed']));
  // Calls that were shorter than the grace were all finished by the worker that had begun them.
  expect(await stack().simulator.bought('chat')).toBe(ids.length);
  for (const worker of fresh) worker.kill('SIGTERM');
  for (const worker of fresh) expect(await worker.exited).toBe(0);
}, 60_000);

async function acceptedMore(ids: readonly string[]): Promise<void> {
  const before = ids.length;
  await expect.poll(() => ids.length, { timeout: 10_000 }).toBeGreaterThan(before + 10);
}

/**
 * One client that submits every 100 ms until `signal` aborts. As the documentation tells clients to do, it sends a request
 * again, under the same Idempotency-Key, whose connection was refused or closed. Rejects for any answer but a 202.
 */
async function submitUntil(signal: AbortSignal, client: number, ids: string[]): Promise<void> {
  for (let count = 0; !signal.aborted; count += 1) {
    const name = `client ${client}, job ${count}`;
    ids.push((await submitAgain(name)).id);
    await sleep(100);
  }
}

async function submitAgain(name: string): Promise<JobView> {
  for (;;) {
    const reply = await post(name);
    // The API's own reply, checked by the status.
    if (reply?.status === 202) return (await reply.json()) as JobView;
    if (reply) throw new Error(`${name}: ${reply.status} ${await reply.text()}`);
    await sleep(50);
  }
}

/** Nobody listens; or a kept connection was closed while the request was on its way. */
const noAnswer = ['ECONNREFUSED', 'ECONNRESET', 'UND_ERR_SOCKET'];

/** Nothing where there was no answer. */
async function post(name: string): Promise<Response | undefined> {
  try {
    return await fetch(`${stack().url}/v1/jobs`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${adminKey}`,
        'content-type': 'application/json',
        'idempotency-key': name,
      },
      body: JSON.stringify(chat(name)),
    });
  } catch (error) {
    // What fetch throws carries what the connection said.
    const { code } = (error as { cause: { code: string } }).cause;
    if (noAnswer.includes(code)) return undefined;
    throw error;
  }
}
