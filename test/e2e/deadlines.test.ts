import type { JobView } from '@sluice/contracts';
import { expect, test } from 'vitest';

import { defaultConfig, useStack } from '../support/start-stack.ts';

/** A lane with one call a day for the jobs that wait, and everything else without limits. */
const stack = useStack({
  config: (addresses) => {
    const { providers, models, ...rest } = defaultConfig(addresses);
    const { openai } = providers as Record<string, object>;
    const narrow = { ...openai, apiKey: 'narrow-key', limits: { requestsPerDay: 1 } };
    return {
      ...rest,
      providers: { ...(providers as object), narrow },
      models: { ...(models as object), narrow: { targets: ['narrow/sim-chat'] } },
      retry: { maxAttempts: 3, initialDelaySeconds: 0.05, maxDelaySeconds: 0.1 },
    };
  },
});

const chat = (content: string, more: object = {}) => ({
  type: 'chat',
  model: 'chat',
  input: { messages: [{ role: 'user', content }] },
  ...more,
});

const run = async (body: object) => await stack().ended((await stack().submit(body)).id);
const calls = async () => await stack().simulator.calls('chat');

function expiredBy(param: string, seconds: number): object {
  const message = expect.stringContaining(`within ${seconds} s (${param})`);
  return { state: 'expired', error: { code: 'expired', param, message } };
}

test('a deadline that passes in the queue ends the job without a call, at its time', async () => {
  await run(chat('takes the only permit', { model: 'narrow' }));
  const late = chat('late', { model: 'narrow' });
  const [waits, whole] = await Promise.all([
    run({ ...late, max_wait_seconds: 1 }),
    run({ ...late, timeout_seconds: 1.5 }),
  ]);
  expect(waits).toMatchObject({ ...expiredBy('max_wait_seconds', 1), attempts: [] });
  expect(whole).toMatchObject({ ...expiredBy('timeout_seconds', 1.5), attempts: [] });
  expect(await calls()).toHaveLength(1);
});

test('a job that runs past its deadline is cut upstream, and says what that attempt was', async () => {
  await stack().simulator.fault({ fault: { kind: 'hang' } });
  const job = await run(chat('stuck', { timeout_seconds: 0.5 }));
  expect(job).toMatchObject(expiredBy('timeout_seconds', 0.5));
  expect(job.attempts).toMatchObject([{ number: 1, error: { code: 'expired' } }]);
  expect(Date.parse(job.ended_at ?? '') - Date.parse(job.deadline_at)).toBeLessThan(2_000);
  await expect.poll(async () => (await calls()).map(({ outcome }) => outcome)).toEqual(['fault']);
});

test('a retry that would come too late is not waited for', async () => {
  const fault = { kind: 'status', status: 503, retryAfterSeconds: 600 } as const;
  await stack().simulator.fault({ times: 3, fault });
  const job = await run(chat('refused', { timeout_seconds: 60 }));
  expect(job).toMatchObject(expiredBy('timeout_seconds', 60));
  expect(job.error?.message).toContain('upstream_overloaded');
  expect(job.attempts).toHaveLength(1);
});

test.each([
  ['attempt_timeout_seconds', { kind: 'hang' } as const],
  ['first_byte_timeout_seconds', { kind: 'hang' } as const],
  ['idle_timeout_seconds', { kind: 'keep-alive' } as const],
])('a call that passes its %s is cut, tried again, and says so', async (param, fault) => {
  await stack().simulator.fault({ times: 3, fault });
  const job = await run(chat('slow', { [param]: 0.2 }));
  const message = expect.stringContaining(`0.2 s (${param})`);
  expect(job).toMatchObject({
    state: 'failed',
    error: { code: 'upstream_timeout', param, message },
  });
  expect(job.attempts).toHaveLength(3);
});

const runsOfDify = async () =>
  (await stack().simulator.calls('workflow')).filter(({ paid }) => paid);
const flow = (more: object) => ({ type: 'workflow', app: 'flow', input: {}, ...more });

test.each([
  ['attempt_timeout_seconds', 'failed', 'upstream_timeout'],
  ['timeout_seconds', 'expired', 'expired'],
])(
  'a Dify run that passes its %s is stopped in Dify and not started again',
  async (param, state, code) => {
    await stack().simulator.behaviour({ dify: { nodeDelayMs: 5_000 } });
    const job = await run(flow({ [param]: 0.7 }));
    expect(job).toMatchObject({ state, error: { code, param } });
    expect(job.attempts).toHaveLength(1);
    await expect
      .poll(async () => (await runsOfDify()).map(({ runStatus }) => runStatus))
      .toEqual(['stopped']);
  },
);

test('a Dify run that waits for a person past the deadline is stopped', async () => {
  await stack().simulator.behaviour({ dify: { outcome: 'paused' } });
  const { id } = await stack().submit(flow({ timeout_seconds: 3 }));
  const read = async () => (await stack().request('GET', `/v1/jobs/${id}`)).body as JobView;
  await expect.poll(async () => (await read()).state, { timeout: 5_000 }).toBe('paused');
  expect(await stack().ended(id)).toMatchObject(expiredBy('timeout_seconds', 3));
  await expect
    .poll(async () => (await runsOfDify()).map(({ runStatus }) => runStatus), { timeout: 5_000 })
    .toEqual(['stopped']);
});

test('the deadlines of a batch are those of its items, and it ends with what there is', async () => {
  await stack().simulator.fault({ match: { bodyIncludes: 'stuck' }, fault: { kind: 'hang' } });
  const request = (content: string) => chat(content, { custom_id: content });
  const requests = [request('quick'), request('stuck')];
  const job = await run({ type: 'batch', input: { requests }, timeout_seconds: 1 });
  const items = [
    { status: 'succeeded' },
    { status: 'expired', error: { param: 'timeout_seconds' } },
  ];
  expect(job).toMatchObject({ state: 'completed', result: { items } });
});
