import { systemClock, type ResolvedAddress } from '@sluice/runtime';
import { startReceiver } from '@sluice/testing';
import { expect, onTestFinished, test } from 'vitest';

import { createWebhookSender } from './webhook-sender.ts';

const never = new AbortController().signal;

/** A name server in the attacker's hands: each question gets the next answer, the last one for ever. */
function nameServer(...answers: string[][]) {
  const asked: string[] = [];
  const lookup = async (hostname: string): Promise<ResolvedAddress[]> => {
    const answer = answers[Math.min(asked.length, answers.length - 1)] ?? [];
    asked.push(hostname);
    return answer.map((address) => ({ address, family: 4 }));
  };
  return { asked, lookup };
}

async function setUp(allowPrivateHosts: string[], ...answers: string[][]) {
  const receiver = await startReceiver();
  const names = nameServer(...answers);
  const sender = createWebhookSender({
    allowPrivateHosts,
    timeoutMs: 2_000,
    clock: systemClock,
    lookup: names.lookup,
  });
  onTestFinished(async () => {
    await sender.close();
    await receiver.close();
  });
  const { port } = new URL(receiver.url);
  const deliver = () =>
    sender.deliver(
      {
        url: `http://hooks.example:${port}/hook`,
        secret: `whsec_${Buffer.alloc(32, 7).toString('base64')}`,
        event: {
          id: 'evt_1',
          type: 'chat.completed',
          timestamp: '2026-01-01T00:00:00.000Z',
          data: { job_id: 'job_1', object: 'job', state: 'completed', latency_ms: 1 },
        },
        headers: { 'X-Relay-Latency': '1', 'X-Usage-Token-Count': '1', 'X-Cost-USD': '0' },
      },
      never,
    );
  return { receiver, names, deliver };
}

test('a name that was public when the job was submitted and is loopback now gets nothing', async () => {
  const { receiver, deliver } = await setUp([], ['127.0.0.1']);
  expect(await deliver()).toMatchObject({ kind: 'rejected', reason: 'blocked_address' });
  expect(receiver.requests).toHaveLength(0);
});

test('a name with a public and a loopback answer gets nothing', async () => {
  const { receiver, deliver } = await setUp([], ['8.8.8.8', '127.0.0.1']);
  expect(await deliver()).toMatchObject({ kind: 'rejected', reason: 'blocked_address' });
  expect(receiver.requests).toHaveLength(0);
});

// The allowed 127.0.0.1 stands for the public address; 127.0.0.2 for the private one.
test('a name is asked for once, and what was judged is what is connected to', async () => {
  const { receiver, names, deliver } = await setUp(['127.0.0.1'], ['127.0.0.1'], ['127.0.0.2']);
  expect(await deliver()).toMatchObject({ kind: 'delivered' });
  expect(names.asked).toEqual(['hooks.example']);
  expect(receiver.requests[0]!.headers.host).toBe(
    new URL(receiver.url).host.replace('127.0.0.1', 'hooks.example'),
  );
});

test('every connection judges the name anew', async () => {
  const { receiver, names, deliver } = await setUp(['127.0.0.1'], ['127.0.0.1'], ['127.0.0.2']);
  receiver.script({ headers: { connection: 'close' } });
  expect(await deliver()).toMatchObject({ kind: 'delivered' });
  expect(await deliver()).toMatchObject({ kind: 'rejected', reason: 'blocked_address' });
  expect(names.asked).toHaveLength(2);
  expect(receiver.requests).toHaveLength(1);
});

test('of several good answers the next one is tried when the first does not listen', async () => {
  const { receiver, deliver } = await setUp(['127.0.0.0/8'], ['127.0.0.2', '127.0.0.1']);
  expect(await deliver()).toMatchObject({ kind: 'delivered' });
  expect(receiver.requests).toHaveLength(1);
});
