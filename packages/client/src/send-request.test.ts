import { expect, test } from 'vitest';

import { SluiceClientError } from './client-error.ts';
import { createClient } from './create-client.ts';
import { cut, json, refusal, startScriptedApi, type Answer } from './testing/scripted-api.ts';

const chat = {
  type: 'chat' as const,
  model: 'fast',
  input: { messages: [{ role: 'user' as const, content: 'Hello' }] },
};
const job = { id: 'job_1', object: 'job', state: 'queued' };

async function setUp(...answers: [Answer, ...Answer[]]) {
  const { url, seen } = await startScriptedApi(...answers);
  const client = createClient({ baseUrl: url, apiKey: 'the-key', maxRetries: 3 });
  return { client, seen };
}

async function failureOf(promise: Promise<unknown>): Promise<SluiceClientError> {
  const error: unknown = await promise.catch((thrown: unknown) => thrown);
  if (error instanceof SluiceClientError) return error;
  throw new Error('it did not fail as a client fails', { cause: error });
}

test.each([
  ['a connection that breaks', cut],
  ['a 429 with Retry-After', refusal(429, 'queue_full', { 'Retry-After': '0' })],
  ['a 503', refusal(503, 'unavailable', { 'Retry-After': '0' })],
  ['a 500', refusal(500, 'internal_error')],
  ['an answer that is not of Sluice', json(502, 'Bad Gateway')],
])('a job is submitted again after %s, as the same job', async (_, answer) => {
  const { client, seen } = await setUp(answer, answer, json(202, job));
  expect(await client.jobs.submit(chat)).toEqual(job);
  expect(seen).toHaveLength(3);
  const keys = new Set(seen.map(({ headers }) => headers['idempotency-key']));
  expect(keys.size).toBe(1);
  expect([...keys][0]).toMatch(/^[0-9a-f-]{36}$/);
  expect(JSON.parse(seen[2]?.body ?? '')).toEqual(chat);
  expect(seen[0]?.headers.authorization).toBe('Bearer the-key');
});

test.each([
  [400, 'invalid_request', {}],
  [401, 'invalid_api_key', {}],
  [402, 'budget_exceeded', {}],
  [404, 'model_not_found', {}],
  [500, 'internal_error', { 'x-should-retry': 'false' }],
  [429, 'queue_full', { 'Retry-After': '3600' }],
])('a refusal %i %s is told at once, with all that it says', async (status, code, headers) => {
  const { client, seen } = await setUp(refusal(status, code, headers));
  const error = await failureOf(client.jobs.submit(chat));
  expect(error).toMatchObject({ status, code, param: 'input.messages', requestId: 'req_1' });
  expect(error.message).toBe(`it is ${code}`);
  expect(seen).toHaveLength(1);
});

test('retries end, and the last failure is told', async () => {
  const { client, seen } = await setUp(cut);
  const error = await failureOf(client.jobs.get('job_1'));
  expect(error.code).toBe('connection_failed');
  expect(error.message).toContain('no answer from http://127.0.0.1');
  expect(seen).toHaveLength(4);
});

test('what must not be done twice is not asked twice, unless it was refused', async () => {
  const broken = await setUp(cut, json(200, {}));
  const endpoint = { url: 'https://example.com/hook' };
  expect((await failureOf(broken.client.webhooks.create(endpoint))).code).toBe('connection_failed');
  expect(broken.seen).toHaveLength(1);
  const refused = await setUp(refusal(503, 'unavailable'), json(200, { id: 'wh_1' }));
  expect(await refused.client.webhooks.create(endpoint)).toEqual({ id: 'wh_1' });
});

test('a signal ends a request between its tries', async () => {
  const { client, seen } = await setUp(refusal(503, 'unavailable', { 'Retry-After': '30' }));
  const signal = AbortSignal.timeout(100);
  await expect(client.jobs.submit(chat, { signal })).rejects.toThrow(/abort|time/i);
  expect(seen).toHaveLength(1);
});

test('a list is read page after page', async () => {
  const page = (ids: string[], next: string | null) =>
    json(200, { data: ids.map((id) => ({ id })), has_more: next !== null, next_cursor: next });
  const { client, seen } = await setUp(page(['a', 'b'], 'c1'), page([], 'c2'), page(['c'], null));
  const ids: string[] = [];
  for await (const { id } of client.jobs.list({ state: 'failed' })) ids.push(id);
  expect(ids).toEqual(['a', 'b', 'c']);
  expect(seen.map(({ path }) => path)).toEqual([
    '/v1/jobs?state=failed',
    '/v1/jobs?state=failed&after=c1',
    '/v1/jobs?state=failed&after=c2',
  ]);
});

test('a wait asks until the job has ended, and says when its own time is up', async () => {
  const ended = {
    ...job,
    state: 'failed',
    ended_at: 'now',
    error: { code: 'expired', message: 'x' },
  };
  const { client } = await setUp(json(202, job), json(200, job), json(200, ended));
  const failed = await failureOf(client.jobs.run(chat));
  expect(failed).toMatchObject({ code: 'job_failed', job: { state: 'failed' } });
  expect(failed.message).toBe('job_1 expired: x');
  const endless = await setUp(json(200, job));
  const over = await failureOf(endless.client.jobs.wait('job_1', { timeoutMs: 50 }));
  expect(over).toMatchObject({ code: 'wait_over', job: { state: 'queued' } });
});
