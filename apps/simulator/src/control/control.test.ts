import { describe, expect, test } from 'vitest';
import { chat, startSimulator } from '../test-client.ts';

describe('the control plane', () => {
  test('sets limits, and says what they are now', async () => {
    const client = await startSimulator();
    const limits = { scope: 'key-1', requests: [{ limit: 1, windowMs: 60_000 }] };
    expect(await client.control('PUT', '/limits', limits)).toEqual({
      status: 200,
      json: { ...limits, tokens: [], inputTokens: [], outputTokens: [], countLimited: true },
    });
    expect((await chat(client)).status).toBe(200);
    expect((await chat(client)).status).toBe(429);
  });

  test('sets behaviour for all keys and for one', async () => {
    const client = await startSimulator();
    await client.control('PUT', '/behaviour', { reply: 'all' });
    await client.control('PUT', '/behaviour', { scope: 'a', reply: 'a only', latencyMs: 1 });
    const say = async (key: string) =>
      (await (await chat(client, { key })).json()).choices[0].message.content;
    expect(await say('a')).toBe('a only');
    expect(await say('b')).toBe('all');
    expect((await client.control('PUT', '/behaviour', {})).json).toEqual({
      latencyMs: 0,
      chunkDelayMs: 0,
      seed: 1,
      batch: { delayMs: 0 },
      dify: {
        nodeDelayMs: 20,
        nodes: 3,
        outcome: 'succeeded',
        error: 'The simulated node failed.',
        pingMs: 10_000,
      },
    });
    expect(await say('b')).toBe('You said: hello');
  });

  test('queues one fault or several, lists and clears them', async () => {
    const client = await startSimulator();
    const fault = { fault: { kind: 'status', status: 500 } };
    const rule = {
      match: {},
      skip: 0,
      between: 0,
      times: 1,
      fault: { ...fault.fault, delayMs: 0 },
    };
    const one = await client.control('POST', '/faults', fault);
    expect(one).toEqual({
      status: 201,
      json: { faults: [{ id: 1, hits: 0, remaining: 1, rule }] },
    });
    await client.control('POST', '/faults', [fault, fault]);
    expect((await chat(client)).status).toBe(500);
    const list = (await client.control('GET', '/faults')).json as { faults: { hits: number }[] };
    expect(list.faults.map(({ hits }) => hits)).toEqual([1, 0, 0]);
    expect((await client.control('DELETE', '/faults')).status).toBe(204);
    expect((await chat(client)).status).toBe(200);
  });

  test('resets everything', async () => {
    const client = await startSimulator();
    await client.control('PUT', '/limits', { requests: [{ limit: 1, windowMs: 60_000 }] });
    await client.control('PUT', '/behaviour', { reply: 'x', dify: { nodeDelayMs: 60_000 } });
    await client.control('POST', '/faults', { fault: { kind: 'hang' }, times: 9 });
    const run = { inputs: {}, user: 'u', response_mode: 'streaming' };
    const key = 'app-1';
    client.simulator.state.faults.clear();
    const open = await client.post('/dify/v1/workflows/run', run, { key });
    expect((await client.control('POST', '/reset')).status).toBe(204);
    expect(await open.text()).toContain('"stopped"');
    expect(client.entries()).toEqual([]);
    expect((await client.control('GET', '/faults')).json).toEqual({ faults: [] });
    expect((await (await chat(client)).json()).choices[0].message.content).toBe('You said: hello');
    expect((await chat(client)).status).toBe(200);
  });

  test.for([
    ['PUT', '/limits', { requests: [{ limit: 0, windowMs: 1 }] }, 'requests.0.limit', 'given 0'],
    ['PUT', '/limits', { request: [] }, '(body)', 'request'],
    ['PUT', '/limits', undefined, '(body)', 'expected object'],
    ['PUT', '/behaviour', { latencyMs: { min: 2, max: 1 } }, 'latencyMs', 'min must not be above'],
    ['PUT', '/behaviour', { dify: { outcome: 'lost' } }, 'dify.outcome', 'given "lost"'],
    ['POST', '/faults', { fault: { kind: 'flood' } }, 'fault.kind', 'given "flood"'],
    ['POST', '/faults', [{ fault: { kind: 'status' } }], '0.fault.status', 'expected number'],
    ['GET', '/ledger?since=x', undefined, 'since', 'given "x"'],
    ['GET', '/ledger/summary?window=1', undefined, '(body)', 'window'],
  ] as const)('refuses %s %s %j and names %s', async ([method, path, body, field, hint]) => {
    const client = await startSimulator();
    const { status, json } = await client.control(method, path, body);
    expect(status).toBe(400);
    const { error } = json as { error: { message: string; issues: { field: string }[] } };
    expect(error.issues.map((issue) => issue.field)).toContain(field);
    expect(error.message).toContain(hint);
  });

  test('refuses what is not JSON, and names the routes there are', async () => {
    const client = await startSimulator();
    const { url } = client.simulator;
    const broken = await fetch(`${url}/_sim/limits`, { method: 'PUT', body: '{' });
    expect(broken.status).toBe(400);
    const { status, json } = await client.control('GET', '/limits');
    expect(status).toBe(404);
    expect(JSON.stringify(json)).toContain('PUT /_sim/limits');
  });
});

test('the simulator says that it is well, and what it knows', async () => {
  const client = await startSimulator();
  expect(await (await client.get('/healthz')).json()).toEqual({ status: 'ok' });
  const nothing = await client.get('/nothing');
  expect(nothing.status).toBe(404);
  expect((await nothing.json()).error).toContain('/openai/v1');
});
