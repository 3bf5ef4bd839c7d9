import { expect, test } from 'vitest';

import { createClient } from './create-client.ts';
import { events, json, refusal, startScriptedApi, type Answer } from './testing/scripted-api.ts';

const delta = (id: string, content: string) => ({
  id,
  type: 'delta',
  data: { delta: { content } },
});
const queued = { id: '0', type: 'queued' };
const completed = { id: '2.3', type: 'completed', job: { id: 'job_1', state: 'completed' } };
const chat = {
  type: 'chat' as const,
  model: 'fast',
  input: { messages: [{ role: 'user' as const, content: 'Hello' }] },
};

async function setUp(...answers: [Answer, ...Answer[]]) {
  const { url, seen } = await startScriptedApi(...answers);
  return { client: createClient({ baseUrl: url, apiKey: 'k' }), seen };
}

test('a stream that breaks goes on where it broke, and each event comes once', async () => {
  const { client, seen } = await setUp(
    events([queued, delta('1.1', 'Hel')], 'break'),
    refusal(503, 'unavailable', { 'Retry-After': '0' }),
    events([delta('1.2', 'lo')], 'end'),
    events([completed]),
  );
  const ids: string[] = [];
  for await (const { id } of client.jobs.events('job_1')) ids.push(id);
  expect(ids).toEqual(['0', '1.1', '1.2', '2.3']);
  const asked = seen.map(({ headers }) => headers['last-event-id']);
  expect(asked).toEqual([undefined, '1.1', '1.1', '1.2']);
});

test('a job that has ended with nothing left to tell ends the stream', async () => {
  const { client, seen } = await setUp((response) => response.writeHead(204).end());
  const told = [];
  for await (const event of client.jobs.events('job_1', { after: '2.3' })) told.push(event);
  expect(told).toEqual([]);
  expect(seen).toHaveLength(1);
});

test('a streaming job tells its text, and what counts no more', async () => {
  const { client, seen } = await setUp(
    json(202, { id: 'job_1' }),
    events([
      queued,
      delta('1.1', 'Wro'),
      { id: '1.2', type: 'restart' },
      delta('1.3', 'Ri'),
      delta('1.4', 'ght'),
      completed,
    ]),
  );
  const stream = await client.jobs.stream(chat);
  const pieces = [];
  for await (const piece of stream.text()) pieces.push(piece);
  expect(pieces).toEqual([
    { delta: 'Wro', text: 'Wro', restarted: false },
    { delta: 'Ri', text: 'Ri', restarted: true },
    { delta: 'ght', text: 'Right', restarted: false },
  ]);
  expect(await stream.done()).toEqual(completed.job);
  expect(JSON.parse(seen[0]?.body ?? '')).toEqual({ ...chat, stream: true });
  expect(seen).toHaveLength(2);
});

test('an error of the caller inside the loop is the caller’s, and ends the stream', async () => {
  const { client, seen } = await setUp(events([queued, delta('1.1', 'x')], 'break'));
  const loop = async () => {
    for await (const { type } of client.jobs.events('job_1')) {
      if (type === 'delta') throw new Error('mine');
    }
  };
  await expect(loop()).rejects.toThrow('mine');
  expect(seen).toHaveLength(1);
});

test('a job that is not there is told as the API tells it', async () => {
  const { client } = await setUp(refusal(404, 'not_found'));
  await expect(client.jobs.events('job_1').next()).rejects.toMatchObject({ code: 'not_found' });
});
