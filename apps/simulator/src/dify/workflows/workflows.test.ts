import { waitFor } from '@sluice/testing';
import { describe, expect, test } from 'vitest';
import type { BehaviourScript } from '../../behaviour/behaviour-schema.ts';
import { parseEvents, startSimulator } from '../../test-client.ts';
import type { VendorJson, TestClient } from '../../test-client.ts';

const RUN = '/dify/v1/workflows/run';
const key = 'app-1';
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/u;

function runBody(mode: 'streaming' | 'blocking', more: object = {}): object {
  return { inputs: { query: 'hello' }, user: 'user-1', response_mode: mode, ...more };
}

async function runToEnd(client: TestClient, script: BehaviourScript = {}): Promise<VendorJson[]> {
  client.simulator.state.behaviour.set(script);
  const response = await client.post(RUN, runBody('streaming'), { key });
  return parseEvents(await response.text());
}

/** Starts a streaming run and leaves after its first event. */
async function startAndLeave(client: TestClient): Promise<{ runId: string; taskId: string }> {
  const response = await client.post(RUN, runBody('streaming'), { key });
  const reader = response.body!.getReader();
  let text = '';
  while (!text.includes('workflow_started')) text += Buffer.from((await reader.read()).value ?? []);
  await reader.cancel();
  const [started] = parseEvents(text).filter((event) => event.event === 'workflow_started');
  return { runId: started.workflow_run_id, taskId: started.task_id };
}

async function detail(client: TestClient, runId: string): Promise<VendorJson> {
  return (await client.get(`${RUN}/${runId}`, { key })).json();
}

function names(events: VendorJson[]): string[] {
  return events.map((event) => event.event ?? event);
}

describe('a streamed run', () => {
  test('pings, starts, runs three nodes, writes and finishes', async () => {
    const client = await startSimulator();
    const events = await runToEnd(client);
    expect(names(events)).toEqual([
      'event: ping',
      'workflow_started',
      'node_started',
      'node_finished',
      'node_started',
      'text_chunk',
      'text_chunk',
      'text_chunk',
      'node_finished',
      'node_started',
      'node_finished',
      'workflow_finished',
    ]);
    const told = events.slice(1);
    expect(new Set(told.map((event) => event.task_id)).size).toBe(1);
    expect(new Set(told.map((event) => event.workflow_run_id)).size).toBe(1);
    expect(told[0].task_id).toMatch(UUID);
    expect(told[0].workflow_run_id).toMatch(UUID);
    expect(told[0].data).toMatchObject({ inputs: { query: 'hello' }, reason: 'initial' });
    const text = told
      .filter((event) => event.event === 'text_chunk')
      .map((event) => event.data.text);
    expect(text.join('')).toBe('You said: hello');
    expect(told.at(-1).data).toMatchObject({
      status: 'succeeded',
      outputs: { text: 'You said: hello' },
      error: null,
      total_tokens: 9,
      total_steps: 3,
      exceptions_count: 0,
    });
  });

  test('tells tokens and price of its model node only', async () => {
    const client = await startSimulator();
    const events = await runToEnd(client);
    const finished = events.filter((event) => event.event === 'node_finished');
    expect(finished.map((event) => event.data.execution_metadata)).toEqual([
      null,
      { total_tokens: 9, total_price: '0.00000315', currency: 'USD' },
      null,
    ]);
    expect(finished[1].data.outputs.usage).toMatchObject({
      prompt_tokens: 5,
      completion_tokens: 4,
      total_price: '0.00000315',
    });
    expect(client.entries()[0]).toMatchObject({
      kind: 'workflow',
      outcome: 'bought',
      inputTokens: 5,
      outputTokens: 4,
      costUsd: expect.closeTo(0.00000315, 12),
      jobTag: 'user-1',
      runId: events[1].workflow_run_id,
      runStatus: 'succeeded',
    });
  });

  test('pings while it has nothing to say', async () => {
    const client = await startSimulator();
    const events = await runToEnd(client, { dify: { nodes: 1, nodeDelayMs: 120, pingMs: 20 } });
    expect(names(events).filter((name) => name === 'event: ping').length).toBeGreaterThan(2);
    expect(names(events).at(-1)).toBe('workflow_finished');
  });

  test.for([1, 2, 3, 6])('has %d nodes when told so', async (nodes) => {
    const client = await startSimulator();
    const events = await runToEnd(client, { dify: { nodes, nodeDelayMs: 0 } });
    const started = events.filter((event) => event.event === 'node_started');
    expect(started).toHaveLength(nodes);
    expect(new Set(started.map((event) => event.data.node_id)).size).toBe(nodes);
    expect(events.at(-1).data).toMatchObject({ total_steps: nodes, status: 'succeeded' });
  });
});

describe('a scripted outcome', () => {
  test('failed: the node and the run say so, nothing is thrown over HTTP', async () => {
    const client = await startSimulator();
    const events = await runToEnd(client, { dify: { outcome: 'failed', error: 'Rate limit' } });
    const node = events.findLast((event) => event.event === 'node_finished');
    expect(node.data).toMatchObject({ node_id: 'llm', status: 'failed', error: 'Rate limit' });
    expect(names(events).at(-1)).toBe('workflow_finished');
    expect(events.at(-1).data).toMatchObject({ status: 'failed', error: 'Rate limit' });
    expect(client.entries()[0]).toMatchObject({
      outcome: 'bought',
      runStatus: 'failed',
      status: 200,
    });
  });

  test('partial-succeeded: one exception, an output all the same', async () => {
    const client = await startSimulator();
    const events = await runToEnd(client, { dify: { outcome: 'partial-succeeded' } });
    const statuses = events
      .filter((event) => event.event === 'node_finished')
      .map((event) => event.data.status);
    expect(statuses).toEqual(['succeeded', 'exception', 'succeeded']);
    expect(events.at(-1).data).toMatchObject({
      status: 'partial-succeeded',
      exceptions_count: 1,
      outputs: { text: 'You said: hello' },
    });
  });

  test('stopped: as if somebody had stopped it', async () => {
    const client = await startSimulator();
    const events = await runToEnd(client, { dify: { outcome: 'stopped' } });
    expect(events.at(-1).data).toMatchObject({ status: 'stopped' });
    expect(client.entries()[0]).toMatchObject({ outcome: 'aborted', runStatus: 'stopped' });
  });

  test('paused: waits for its form, and goes on after it', async () => {
    const client = await startSimulator();
    const events = await runToEnd(client, { dify: { outcome: 'paused' } });
    expect(names(events).slice(-2)).toEqual(['human_input_required', 'workflow_paused']);
    const { form_token: token } = events.at(-2).data;
    const runId = events.at(-1).workflow_run_id;
    expect((await detail(client, runId)).status).toBe('paused');
    expect(client.entries()[0]?.outcome).toBe('open');
    const query = 'user=user-1&continue_on_pause=true&include_state_snapshot=true';
    const attached = client.get(`/dify/v1/workflow/${runId}/events?${query}`, { key });
    const form = `/dify/v1/form/human_input/${token}`;
    expect(await (await client.get(form, { key })).json()).toMatchObject({ form_token: token });
    const submit = () => client.post(form, { inputs: {}, action: 'approve', user: 'u' }, { key });
    expect((await submit()).status).toBe(200);
    expect(names(parseEvents(await (await attached).text())).at(-1)).toBe('workflow_finished');
    expect((await detail(client, runId)).status).toBe('succeeded');
    expect(client.entries()[0]?.outcome).toBe('bought');
    expect((await submit()).status).toBe(412);
    expect((await client.get(`${form}x`, { key })).status).toBe(404);
  });
});

describe('a blocking run', () => {
  test('is answered at its end', async () => {
    const client = await startSimulator();
    const response = await client.post(RUN, runBody('blocking'), { key });
    expect(await response.json()).toEqual({
      task_id: expect.stringMatching(UUID),
      workflow_run_id: expect.stringMatching(UUID),
      data: {
        id: expect.stringMatching(UUID),
        workflow_id: expect.stringMatching(UUID),
        status: 'succeeded',
        outputs: { text: 'You said: hello' },
        error: null,
        elapsed_time: expect.any(Number),
        total_tokens: 9,
        total_steps: 3,
        created_by: { id: 'user-1', user: 'user-1' },
        created_at: expect.any(Number),
        finished_at: expect.any(Number),
        exceptions_count: 0,
        files: [],
      },
    });
  });

  test('that fails is still HTTP 200', async () => {
    const client = await startSimulator();
    client.simulator.state.behaviour.set({ dify: { outcome: 'failed' } });
    const response = await client.post(RUN, runBody('blocking'), { key });
    expect(response.status).toBe(200);
    expect((await response.json()).data.status).toBe('failed');
  });

  test('is the default mode, and absent fields may be null', async () => {
    const client = await startSimulator();
    const body = { inputs: { n: 1 }, user: 'u', response_mode: null, files: null };
    const response = await client.post(RUN, body, { key });
    expect((await response.json()).data.outputs).toEqual({ text: 'You said: {"n":1}' });
  });
});

describe('a client that leaves', () => {
  test('does not stop its run, which is bought all the same', async () => {
    const client = await startSimulator();
    client.simulator.state.behaviour.set({ dify: { nodeDelayMs: 60 } });
    const { runId } = await startAndLeave(client);
    expect(await detail(client, runId)).toMatchObject({ status: 'running', finished_at: null });
    expect(client.entries()[0]?.outcome).toBe('open');
    await waitFor(async () => (await detail(client, runId)).status === 'succeeded');
    expect(await detail(client, runId)).toMatchObject({
      id: runId,
      inputs: '{"query":"hello"}',
      outputs: { text: 'You said: hello' },
      total_tokens: 9,
    });
    expect(client.entries()[0]).toMatchObject({ outcome: 'bought', runStatus: 'succeeded' });
    expect((await client.summary('?kind=workflow')).outcomes.bought).toBe(1);
  });

  test('finds what it missed by a snapshot, and the rest live', async () => {
    const client = await startSimulator();
    client.simulator.state.behaviour.set({ dify: { nodeDelayMs: 60 } });
    const { runId } = await startAndLeave(client);
    const path = `/dify/v1/workflow/${runId}/events?user=user-1`;
    const snapshot = await client.get(`${path}&include_state_snapshot=true`, { key });
    expect(
      names(parseEvents(await snapshot.text())).filter((name) => name !== 'text_chunk'),
    ).toEqual([
      'event: ping',
      'workflow_started',
      'node_started',
      'node_finished',
      'node_started',
      'node_finished',
      'node_started',
      'node_finished',
      'workflow_finished',
    ]);
  });

  test('gets only what comes from now on without a snapshot', async () => {
    const client = await startSimulator();
    client.simulator.state.behaviour.set({ dify: { nodeDelayMs: 60 } });
    const { runId } = await startAndLeave(client);
    const live = await client.get(`/dify/v1/workflow/${runId}/events?user=user-1`, { key });
    const told = names(parseEvents(await live.text()));
    expect(told).not.toContain('workflow_started');
    expect(told.at(-1)).toBe('workflow_finished');
  });

  test('gets exactly one workflow_finished of a finished run', async () => {
    const client = await startSimulator();
    const events = await runToEnd(client);
    const path = `/dify/v1/workflow/${events[1].workflow_run_id}/events?user=user-1`;
    for (const more of ['', '&include_state_snapshot=true']) {
      const again = parseEvents(await (await client.get(path + more, { key })).text());
      expect(names(again)).toEqual(['event: ping', 'workflow_finished']);
    }
  });

  test.for([
    ['another user', 'user=user-2', key],
    ['another app', 'user=user-1', 'app-2'],
  ] as const)('is not found by %s', async ([, query, otherKey]) => {
    const client = await startSimulator();
    const events = await runToEnd(client);
    const path = `/dify/v1/workflow/${events[1].workflow_run_id}/events?${query}`;
    const response = await client.get(path, { key: otherKey });
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ code: 'not_found', status: 404 });
  });

  test('finds a run it never heard of by its user in the logs', async () => {
    const client = await startSimulator();
    const events = await runToEnd(client);
    const logs = async (query: string) =>
      (await client.get(`/dify/v1/workflows/logs?${query}`, { key })).json();
    const mine = await logs('created_by_end_user_session_id=user-1&status=succeeded');
    expect(mine).toMatchObject({ page: 1, total: 1, has_more: false });
    expect(mine.data[0].workflow_run.id).toBe(events[1].workflow_run_id);
    expect((await logs('created_by_end_user_session_id=user-2')).total).toBe(0);
    expect((await logs('status=failed')).total).toBe(0);
  });
});

describe('stop', () => {
  test('ends a run whose client has left', async () => {
    const client = await startSimulator();
    client.simulator.state.behaviour.set({ dify: { nodeDelayMs: 60_000 } });
    const { runId, taskId } = await startAndLeave(client);
    const path = `/dify/v1/workflows/tasks/${taskId}/stop`;
    expect(await (await client.post(path, { user: 'user-1' }, { key })).json()).toEqual({
      result: 'success',
    });
    await waitFor(async () => (await detail(client, runId)).status === 'stopped');
    expect(client.entries()[0]).toMatchObject({ outcome: 'aborted', runStatus: 'stopped' });
  });

  test('ends the stream with workflow_finished', async () => {
    const client = await startSimulator();
    client.simulator.state.behaviour.set({ dify: { nodeDelayMs: 60_000 } });
    const response = await client.post(RUN, runBody('streaming'), { key });
    const logs = await client.get('/dify/v1/workflows/logs', { key });
    const [{ id: taskId }] = (await logs.json()).data;
    await client.post(`/dify/v1/workflows/tasks/${taskId}/stop`, { user: 'user-1' }, { key });
    const events = parseEvents(await response.text());
    expect(events.at(-1)).toMatchObject({
      event: 'workflow_finished',
      data: { status: 'stopped' },
    });
  });

  test('of an unknown task is a success', async () => {
    const client = await startSimulator();
    const response = await client.post('/dify/v1/workflows/tasks/x/stop', { user: 'u' }, { key });
    expect(response.status).toBe(200);
  });
});

describe('a wrong call', () => {
  test.for([
    ['no key', RUN, runBody('blocking'), '', 401, 'unauthorized'],
    ['a key of another vendor', RUN, runBody('blocking'), 'sk-1', 401, 'unauthorized'],
    ['the invalid key', RUN, runBody('blocking'), 'app-invalid', 401, 'unauthorized'],
    ['no user', RUN, { inputs: {} }, key, 400, 'invalid_param'],
    ['no inputs', RUN, { user: 'u' }, key, 400, 'invalid_param'],
    ['a body that is no object', RUN, [], key, 400, 'invalid_param'],
    [
      'an unknown mode',
      RUN,
      { inputs: {}, user: 'u', response_mode: 'async' },
      key,
      400,
      'invalid_param',
    ],
    ['a chat app', RUN, runBody('blocking'), 'app-chat', 400, 'not_workflow_app'],
    ['an unknown version', '/dify/v1/workflows/x/run', runBody('blocking'), key, 404, 'not_found'],
    ['no user to stop', '/dify/v1/workflows/tasks/x/stop', {}, key, 400, 'invalid_param'],
    ['an unknown route', '/dify/v1/nothing', {}, key, 404, 'not_found'],
  ] as const)('with %s is refused', async ([, path, body, otherKey, status, code]) => {
    const client = await startSimulator();
    const response = await client.post(path, body, { key: otherKey });
    expect(response.status).toBe(status);
    expect(await response.json()).toEqual({ code, message: expect.any(String), status });
    expect(response.headers.has('www-authenticate')).toBe(status === 401);
  });

  test('to a run of another app finds nothing', async () => {
    const client = await startSimulator();
    const events = await runToEnd(client);
    const path = `${RUN}/${events[1].workflow_run_id}`;
    expect((await client.get(path, { key: 'app-2' })).status).toBe(404);
  });
});

test('a run can be pinned to the published version of its app', async () => {
  const client = await startSimulator();
  const { data } = await (await client.post(RUN, runBody('blocking'), { key })).json();
  const path = `/dify/v1/workflows/${data.workflow_id}/run`;
  expect((await client.post(path, runBody('blocking'), { key })).status).toBe(200);
});

test('info and parameters describe the app', async () => {
  const client = await startSimulator();
  const info = async (app: string) =>
    (await (await client.get('/dify/v1/info', { key: app })).json()).mode;
  expect(await info('app-1')).toBe('workflow');
  expect(await info('app-chat-1')).toBe('chat');
  expect(await info('app-chatflow-1')).toBe('advanced-chat');
  const parameters = await (await client.get('/dify/v1/parameters', { key })).json();
  expect(parameters.user_input_form).toEqual([
    { paragraph: { label: 'Query', variable: 'query', required: false, default: '' } },
  ]);
});

test('the version is told to anyone', async () => {
  const client = await startSimulator();
  const response = await client.get('/dify/v1/', { headers: { authorization: '' } });
  expect(await response.json()).toMatchObject({ api_version: 'v1', server_version: '1.17.1' });
});
