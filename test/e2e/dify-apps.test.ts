import type { JobView, WorkflowResult } from '@sluice/contracts';
import { expect, test } from 'vitest';

import { useStack } from '../support/start-stack.ts';

const kinds = ['workflow', 'chat', 'chatflow', 'agent', 'completion'] as const;

/** The simulator tells the kind of an app by its key. */
const keys = {
  workflow: 'app-sim',
  chat: 'app-chat',
  chatflow: 'app-chatflow',
  agent: 'app-agent',
  completion: 'app-completion',
};

const stack = useStack({
  config: ({ simulatorUrl }) => ({
    providers: {
      dify: { kind: 'dify', baseUrl: `${simulatorUrl}/dify/v1` },
      // Nothing listens there.
      away: { kind: 'dify', baseUrl: 'http://127.0.0.1:9/v1' },
    },
    apps: {
      ...Object.fromEntries(
        kinds.map((kind) => [kind, { kind, provider: 'dify', apiKey: keys[kind] }]),
      ),
      backed: {
        targets: [
          { provider: 'away', apiKey: 'app-sim' },
          { provider: 'dify', apiKey: 'app-sim-2' },
        ],
      },
      'backed-by-other-key': {
        targets: [
          { provider: 'dify', apiKey: 'app-sim-3' },
          { provider: 'dify', apiKey: 'app-sim-4' },
        ],
      },
    },
    retry: { maxAttempts: 2, initialDelaySeconds: 0.05, maxDelaySeconds: 0.1 },
  }),
});

const submit = (app: string, input: object, more: object = {}) =>
  stack().submit({ type: 'workflow', app, input, ...more });

async function run(app: string, input: object, more: object = {}): Promise<JobView> {
  return await stack().ended((await submit(app, input, more)).id);
}

/** The runs that the simulator was asked for. */
const starts = async () =>
  (await stack().simulator.calls()).filter(({ paid, dialect }) => paid && dialect === 'dify');

test.each(kinds)('a %s app answers with its text, ids, tokens and cost', async (kind) => {
  const input = kind === 'workflow' ? { inputs: { query: 'hello' } } : { query: 'hello' };
  const job = await run(kind, input, { user: 'ann' });
  expect(job).toMatchObject({
    state: 'completed',
    app: kind,
    result: { type: 'workflow', status: 'succeeded', task_id: expect.any(String) },
    usage: { total_tokens: expect.any(Number), source: 'provider' },
    cost_usd: expect.stringMatching(/^0\.\d{6}$/),
  });
  // Checked above.
  const result = job.result as WorkflowResult;
  expect(result.answer ?? result.outputs['text']).toBe('You said: hello');
  expect('message_id' in result).toBe(kind !== 'workflow');
  expect('conversation_id' in result).toBe(/chat|agent/.test(kind));
  expect('workflow_run_id' in result).toBe(kind === 'workflow' || kind === 'chatflow');
  expect(await starts()).toHaveLength(1);
});

test('what a kind of app cannot take is refused by name', async () => {
  const body = (app: string, input: object) => ({ type: 'workflow', app, input });
  for (const [given, param] of [
    [body('chat', {}), 'input.query'],
    [body('workflow', { query: 'q' }), 'input.query'],
    [{ type: 'batch', input: { requests: [body('agent', {})] } }, 'input.requests[0].input.query'],
  ] as const) {
    const reply = await stack().request('POST', '/v1/jobs', given);
    expect(reply).toMatchObject({
      status: 400,
      body: { error: { code: 'invalid_request', param } },
    });
  }
});

test('an agent’s thoughts and a chatflow’s nodes are events of the job', async () => {
  const types = async (kind: string) =>
    (await run(kind, { query: 'hello' })).timeline?.map(({ type }) => type);
  expect(await types('agent')).toContain('agent_thought');
  expect(await types('chatflow')).toEqual(
    expect.arrayContaining(['workflow_started', 'node_started', 'node_finished']),
  );
});

test('a run is tried at the next endpoint when nothing was started at the first', async () => {
  const unreachable = await run('backed', {});
  expect(unreachable).toMatchObject({ state: 'completed', provider: 'dify' });
  expect(unreachable.attempts.map(({ provider }) => provider)).toEqual(['away', 'away', 'dify']);

  const refused = { status: 503, kind: 'status' } as const;
  await stack().simulator.fault({ match: { key: 'app-sim-3' }, times: 9, fault: refused });
  expect(await run('backed-by-other-key', {})).toMatchObject({ state: 'completed' });
  expect((await starts()).map(({ key }) => key)).toEqual([
    'app-sim-2',
    'app-sim-3',
    'app-sim-3',
    'app-sim-4',
  ]);
});

test('a run that has started is never tried elsewhere', async () => {
  await stack().simulator.fault({
    match: { key: 'app-sim-3' },
    times: 1,
    fault: { kind: 'truncate', afterChunks: 1 },
  });
  await stack().simulator.behaviour({ dify: { nodeDelayMs: 300 } });
  expect(await run('backed-by-other-key', {})).toMatchObject({ state: 'completed' });
  expect((await starts()).map(({ key }) => key)).toEqual(['app-sim-3']);
});

test('a call of which nobody knows whether it was taken is not made elsewhere', async () => {
  await stack().simulator.fault({
    match: { key: 'app-sim-3', kind: 'workflow' },
    times: 1,
    fault: { kind: 'reset' },
  });
  const job = await run('backed-by-other-key', {}, { user: 'ann' });
  expect(job).toMatchObject({ state: 'failed', error: { retryable: false } });
  expect((await starts()).map(({ key }) => key)).toEqual(['app-sim-3']);
});

/** The job once it is in the state. */
async function inState(id: string, state: string): Promise<JobView> {
  let job: JobView | undefined;
  await expect
    .poll(
      async () => {
        // The API's own reply.
        job = (await stack().request('GET', `/v1/jobs/${id}?include=timeline`)).body as JobView;
        return job.state;
      },
      { timeout: 10_000 },
    )
    .toBe(state);
  if (!job) throw new Error('polled at least once');
  return job;
}

test.each(['workflow', 'chatflow'] as const)(
  'a %s that asks a person is paused, shows its form, holds no slot, and goes on with the answer',
  async (kind) => {
    await stack().simulator.behaviour({ dify: { outcome: 'paused' } });
    const input = kind === 'workflow' ? { inputs: { query: 'hi' } } : { query: 'hi' };
    const { id } = await submit(kind, input, { user: 'ann' });
    const paused = await inState(id, 'paused');
    expect(paused.pause?.forms).toMatchObject([
      {
        form_token: expect.any(String),
        form_content: 'Please approve the text.',
        actions: [{ id: 'approve' }],
        expiration_time: expect.any(Number),
      },
    ]);
    const metrics = await stack().request('GET', '/metrics');
    expect(metrics.body).toMatch(/sluice_lane_tickets\{lane="dify",state="active"\} 0/);

    const resume = (body: object) => stack().request('POST', `/v1/jobs/${id}/resume`, body);
    expect(await resume({ action: 'reject' })).toMatchObject({
      status: 400,
      body: { error: { param: 'action', message: expect.stringContaining('approve') } },
    });
    expect(await resume({ action: 'approve', form_token: 'no' })).toMatchObject({
      status: 400,
      body: { error: { param: 'form_token' } },
    });
    expect(await resume({ action: 'approve', inputs: { comment: 'ok' } })).toMatchObject({
      status: 202,
      body: { id },
    });
    const job = await stack().ended(id);
    expect(job).toMatchObject({ state: 'completed', result: { status: 'succeeded' } });
    expect(job).not.toHaveProperty('pause');
    // Checked above.
    const result = job.result as WorkflowResult;
    expect(result.answer ?? result.outputs['text']).toBe('You said: hi');
    expect(job.timeline?.map(({ type }) => type)).toContain('paused');
    expect(await starts()).toHaveLength(1);
    expect(await resume({ action: 'approve' })).toMatchObject({
      status: 409,
      body: { error: { code: 'job_not_paused' } },
    });
  },
);

test('cancelling a paused job stops its run in Dify', async () => {
  await stack().simulator.behaviour({ dify: { outcome: 'paused' } });
  const { id } = await submit('workflow', {});
  await inState(id, 'paused');
  expect((await stack().request('POST', `/v1/jobs/${id}/cancel`)).status).toBe(200);
  await expect
    .poll(async () => (await starts()).map(({ runStatus }) => runStatus))
    .toEqual(['stopped']);
  await expect.poll(async () => (await inState(id, 'cancelled')).attempts.length).toBe(1);
  const job = await inState(id, 'cancelled');
  const [started] = await starts();
  expect(job.usage?.total_tokens).toBe((started?.inputTokens ?? 0) + (started?.outputTokens ?? 0));
  expect(job.usage?.total_tokens).toBeGreaterThan(0);
  expect(job.cost_usd).toMatch(/^0\.\d{6}$/);
  const usage = async () =>
    (await stack().request('GET', '/v1/usage?interval=all&group_by=app')).body;
  await expect
    .poll(async () => JSON.stringify(await usage()), { timeout: 10_000 })
    .toContain(`"total_tokens":${job.usage?.total_tokens}`);
});

test('a tenant whose user has the same name goes on with nobody else’s conversation', async () => {
  const mine = await run('chat', { query: 'a secret' }, { user: 'ann' });
  // A completed chat.
  const { conversation_id } = mine.result as WorkflowResult;
  await stack().request('POST', '/v1/admin/tenants', { id: 'acme' });
  const made = await stack().request('POST', '/v1/admin/keys', {
    tenant_id: 'acme',
    scopes: ['submit', 'read'],
  });
  const { key } = made.body as { key: string };
  const headers = { authorization: `Bearer ${key}` };
  const ask = async (input: object) => {
    const body = {
      type: 'workflow',
      app: 'chat',
      input: { query: 'go on', ...input },
      user: 'ann',
    };
    const { id } = await stack().submit(body, headers);
    return (await stack().request('GET', `/v1/jobs/${id}?wait=20`, undefined, headers)).body;
  };
  const theirs = { state: 'failed', error: { code: 'upstream_not_found' } };
  expect(await ask({ conversation_id })).toMatchObject(theirs);
  expect(await ask({ conversation_id, user: 'ann' })).toMatchObject(theirs);
  const own = (await ask({})) as JobView;
  expect(own).toMatchObject({ state: 'completed' });
  const { conversation_id: theirOwn } = own.result as WorkflowResult;
  expect(await ask({ conversation_id: theirOwn })).toMatchObject({ state: 'completed' });
  expect(await run('chat', { query: 'more', conversation_id }, { user: 'ann' })).toMatchObject({
    state: 'completed',
  });
  // What Dify calls the other tenant's user is no name for one of the operator's own.
  const asTheirs = { query: 'go on', conversation_id: theirOwn };
  expect(await run('chat', asTheirs, { user: 'acme:ann' })).toMatchObject({
    state: 'failed',
    error: { code: 'invalid_request', message: expect.stringContaining('"acme:"') },
  });
  expect(await run('chat', { query: 'hi' }, { user: 'google:ann' })).toMatchObject({
    state: 'completed',
  });
});

test('jobs of one session and user hold one conversation, whatever the next one says', async () => {
  const turn = async (session_id: string, more: object = {}) => {
    const job = await run('chat', { query: 'hi' }, { session_id, ...more });
    expect(job).toMatchObject({ state: 'completed', session_id });
    // Checked above.
    return (job.result as WorkflowResult).conversation_id;
  };
  const first = await turn('s1');
  expect(await turn('s1')).toBe(first);
  expect(await turn('s2')).not.toBe(first);
  expect(await turn('s1', { user: 'ann' })).not.toBe(first);
  // The simulator forgets its conversations, and the session begins another.
  await stack().simulator.reset();
  const another = await turn('s1');
  expect(another).not.toBe(first);
  expect(await turn('s1')).toBe(another);
});

test('files that a job carries are uploaded as its user, those at a URL are passed on', async () => {
  const data = Buffer.from('hello').toString('base64');
  const carried = { type: 'document', transfer_method: 'base64', data, filename: 'note.txt' };
  const remote = { type: 'image', transfer_method: 'remote_url', url: 'https://example.com/a.png' };
  const input = { inputs: { doc: carried, docs: [carried, remote] }, files: [carried, remote] };
  expect(await run('workflow', input, { user: 'ann' })).toMatchObject({ state: 'completed' });
  const calls = (await stack().simulator.calls()).filter(({ dialect }) => dialect === 'dify');
  expect(calls.map(({ kind, outcome }) => `${kind} ${outcome}`)).toEqual([
    'file served',
    'file served',
    'file served',
    'workflow bought',
  ]);
});
