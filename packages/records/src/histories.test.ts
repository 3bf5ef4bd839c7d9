import { createFakeClock, testRedis } from '@sluice/testing';
import { expect, test } from 'vitest';

import { createRecords } from './create-records.ts';

const session = { tenantId: 't', model: 'fast', sessionId: 's', user: 'ann' };
const bounds = { maxTokens: 25, ttlMs: 60_000 };
const turn = (jobId: string, content: string, tokens = 10) => ({
  jobId,
  tokens,
  messages: [{ role: 'user' as const, content }],
});

async function setUp() {
  const { redis, root, keys } = await testRedis({ ownedKeys: [] });
  const config = { retentionMs: 1_000, idempotencyTtlMs: 1_000 };
  const records = createRecords({ redis, root, shards: 3, config, clock: createFakeClock() });
  const said = async (change: object = {}, jobId = 'job_new') =>
    (await records.history({ ...session, ...change }, jobId)).map(({ content }) => content);
  return { records, said, keys };
}

test('a history has what was said, in order, once a job, and of its own session only', async () => {
  const { records, said } = await setUp();
  for (const each of [turn('job_1', 'one'), turn('job_2', 'two'), turn('job_1', 'one')]) {
    await records.appendTurn(session, { turn: each, bounds });
  }
  expect(await said()).toEqual(['one', 'two']);
  expect(await said({}, 'job_2')).toEqual(['one']);
  const others = [{ tenantId: 'u' }, { model: 'slow' }, { sessionId: 'z' }, { user: undefined }];
  for (const change of others) expect(await said(change)).toEqual([]);
});

test('a session is forgotten with all of its models, users and apps, and no other one', async () => {
  const { records, said, keys } = await setUp();
  const elsewhere = { ...session, sessionId: 'z' };
  const asked = { ...session, app: 'bot', holder: 'dify app-1' };
  expect(await records.forgetSession(session)).toBe(false);
  for (const each of [session, { ...session, model: 'slow', user: undefined }, elsewhere]) {
    await records.appendTurn(each, { turn: turn('job_1', 'one'), bounds });
  }
  await records.keepConversation(asked, { id: 'conv-1', ttlMs: 90_000 });
  expect(await records.forgetSession({ tenantId: 'u', sessionId: 's' })).toBe(false);
  expect(await records.forgetSession(session)).toBe(true);
  expect(await said()).toEqual([]);
  expect(await records.conversation(asked)).toBeUndefined();
  expect(await said({ sessionId: 'z' })).toEqual(['one']);
  expect((await keys()).length).toBe(2);
  expect(await records.forgetSession(session)).toBe(false);
});

test('the oldest turns go when there are too many tokens, never the newest', async () => {
  const { records, said } = await setUp();
  for (const [i, tokens] of [10, 10, 10, 100].entries()) {
    await records.appendTurn(session, { turn: turn(`job_${i}`, `turn ${i}`, tokens), bounds });
    if (i === 2) expect(await said()).toEqual(['turn 1', 'turn 2']);
  }
  expect(await said()).toEqual(['turn 3']);
});
