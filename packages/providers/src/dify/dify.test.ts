import { SluiceError, type RawReply } from '@sluice/contracts';
import { waitFor } from '@sluice/testing';
import { describe, expect, test } from 'vitest';

import {
  apiKey,
  detail,
  ended,
  failure,
  handle,
  ids,
  impatientClock,
  json,
  line,
  node,
  notFound,
  priced,
  run,
  startDify,
  started,
  stream,
  type Handler,
} from './fake-dify.ts';

describe('a run', () => {
  test('is posted as a stream, with the user, the trace and the app’s key', async () => {
    const dify = await startDify({
      run: (_, response) => stream(response, started, ended()).end(),
    });
    await run(dify).reply;
    expect(dify.requests).toEqual(['POST /v1/workflows/run']);
    expect(dify.bodies).toEqual([
      { inputs: { topic: 'queues' }, user: 'job_1', response_mode: 'streaming' },
    ]);
    expect(dify.headers[0]).toMatchObject({
      authorization: `Bearer ${apiKey}`,
      'x-trace-id': 'job_1',
    });
  });

  test('names the user that the client named', async () => {
    const dify = await startDify({
      run: (_, response) => stream(response, started, ended()).end(),
    });
    const { reply, handles } = run(dify, { user: 'ann' });
    await reply;
    expect(dify.bodies[0]).toMatchObject({ user: 'ann' });
    expect(handles).toEqual([handle]);
  });

  test('stores its handle before anything that came with it is told', async () => {
    const dify = await startDify({
      run: (_, response) => stream(response, started, node('a'), node('b'), ended()).end(),
    });
    const { reply, log } = run(dify);
    await reply;
    expect(log).toEqual(['sent', 'started', 'stored', 'node_finished a', 'node_finished b']);
  });

  test('gives result, tokens and price, and tells its nodes', async () => {
    const dify = await startDify({
      run: (_, response) => {
        const first = { ...node('a'), event: 'node_started' };
        const a = node('a', { ...priced(30, '0.0000014'), elapsed_time: 1.5 });
        const end = ended({ elapsed_time: 2.5, total_tokens: 42, total_steps: 3 });
        stream(response, started, first, a, node('b', priced(12, 0.2)), end).end();
      },
    });
    const { reply, progress } = run(dify);
    expect(await reply).toMatchObject({
      result: {
        type: 'workflow',
        status: 'succeeded',
        outputs: { answer: 42 },
        error: null,
        workflow_run_id: 'run-1',
        task_id: 'task-1',
        elapsed_time: 2.5,
        total_tokens: 42,
        total_steps: 3,
      },
      usage: { total_tokens: 42, source: 'provider' },
      costUsd: '0.2000014',
    });
    const shown = { id: 'a', node_id: 'a', node_type: 'llm', title: 'a', index: 1 };
    const spent = priced(30, '0.0000014');
    const end = { ...shown, ...spent, status: 'succeeded', elapsed_time: 1.5 };
    expect(progress.slice(0, 2)).toEqual([
      { type: 'node_started', data: shown },
      { type: 'node_finished', data: end },
    ]);
  });

  test.each([
    ['no node told a price', [node('a')], undefined],
    ['a price is in another currency', [node('a', priced(3, '0.1', 'RMB'))], undefined],
    [
      'one price is in another currency',
      [node('a', priced(3, '0.1')), node('b', priced(3, '0.1', 'RMB'))],
      undefined,
    ],
    ['a price is no number', [node('a', priced(3, 'free'))], undefined],
    [
      'binary fractions would not add up',
      [node('a', priced(1, '0.1')), node('b', priced(2, 0.2))],
      '0.3',
    ],
    [
      'a loop is told together with its children',
      [
        node('a', priced(1, '0.1')),
        node('l', { node_type: 'loop', ...priced(1, '0.1') }),
        { ...node('i', priced(1, '0.1')), event: 'iteration_completed' },
      ],
      '0.1',
    ],
  ])('has the right price when %s', async (_, nodes, costUsd) => {
    const dify = await startDify({
      run: (_request, response) => stream(response, started, ...nodes, ended()).end(),
    });
    expect((await run(dify).reply).costUsd).toBe(costUsd);
  });

  test.each(['failed', 'stopped', 'partial-succeeded'])(
    'that ended as %s is a reply, not an error',
    async (status) => {
      const dify = await startDify({
        run: (_, response) =>
          stream(response, started, ended({ status, outputs: null, error: 'node x: no' })).end(),
      });
      const { result } = await run(dify).reply;
      expect(result).toMatchObject({ status, outputs: {}, error: 'node x: no' });
    },
  );

  test('is complete with its last event, although the connection stays open', async () => {
    const dify = await startDify({ run: (_, response) => void stream(response, started, ended()) });
    expect((await run(dify).reply).result.status).toBe('succeeded');
  });

  test('is answered by a server that does not stream', async () => {
    const dify = await startDify({
      run: (_, response) => json(response, 200, { ...ids, data: ended().data }),
    });
    const { reply, handles } = run(dify);
    expect((await reply).result.outputs).toEqual({ answer: 42 });
    expect(handles).toHaveLength(1);
  });
});

describe('a refused run', () => {
  test.each([
    [429, 'too_many_requests', '', 'rate_limited', true],
    [429, 'rate_limit_error', '', 'quota_exceeded', false],
    [400, 'invalid_param', 'topic is required', 'upstream_invalid_request', false],
    [400, 'app_unavailable', '', 'upstream_invalid_request', false],
    [400, 'not_workflow_app', '', 'upstream_invalid_request', false],
    [400, 'provider_quota_exceeded', '', 'quota_exceeded', false],
    [400, 'provider_not_initialize', '', 'upstream_auth', false],
    [400, 'completion_request_error', 'Rate limit reached for gpt', 'upstream_overloaded', true],
    [400, 'completion_request_error', 'The server is overloaded', 'upstream_overloaded', true],
    [400, 'completion_request_error', 'Request timed out', 'upstream_overloaded', true],
    [400, 'completion_request_error', 'no such tool', 'upstream_invalid_request', false],
    [400, 'completion_request_error', 'insufficient_quota: pay', 'quota_exceeded', false],
    [401, 'unauthorized', 'Access token is invalid', 'upstream_auth', false],
    [403, 'forbidden', '', 'upstream_auth', false],
    [404, 'not_found', '', 'upstream_not_found', false],
    [500, 'internal_server_error', '', 'upstream_error', true],
    [502, 'plugin_runtime_error', '', 'upstream_error', true],
    [503, 'service_unavailable', '', 'upstream_overloaded', true],
  ] as const)('with %i %s %s is %s', async (...row) => {
    const [status, code, message, expected, retryable] = row;
    const dify = await startDify({
      run: (_, response) => json(response, status, { code, message, status }),
    });
    const error = await failure(run(dify).reply);
    expect(error).toMatchObject({
      code: expected,
      retryable,
      upstreamStatus: status,
      upstreamCode: code,
    });
    expect(error.message).toContain(message);
    expect(dify.requests).toHaveLength(1);
  });

  test('is the same inside the stream', async () => {
    const event = { event: 'error', ...ids, status: 429, code: 'rate_limit_error', message: 'm' };
    const dify = await startDify({ run: (_, response) => stream(response, event).end() });
    expect(await failure(run(dify).reply)).toMatchObject({ code: 'quota_exceeded' });
  });

  test('never shows the key', async () => {
    const message = `bad token ${apiKey}`;
    const dify = await startDify({
      run: (_, response) => json(response, 401, { code: 'unauthorized', message, status: 401 }),
    });
    expect(JSON.stringify(await failure(run(dify).reply))).not.toContain(apiKey);
  });
});

describe('a run of which nobody knows whether it exists', () => {
  const uncertain: [string, Handler][] = [
    ['says nothing', () => {}],
    ['closes the connection without a word', (_, response) => void response.destroy()],
    ['begins to answer and says nothing', (_, response) => void stream(response)],
    ['ends its stream before the first event', (_, response) => void stream(response).end()],
    [
      'closes the connection inside the first event',
      (_, response) => {
        stream(response).write('data: {"event": "workfl', () => response.destroy());
      },
    ],
    [
      'sends a page instead of events',
      (_, response) => {
        response.writeHead(200, { 'content-type': 'text/html' }).end('<html>hello</html>');
      },
    ],
    [
      'sends malformed JSON',
      (_, response) => {
        stream(response).end('data: {"event"\n\n');
      },
    ],
    ...[500, 502, 504, 524].map((status): [string, Handler] => [
      `is behind a proxy that answers ${status}`,
      (_, response) =>
        void response.writeHead(status, { 'content-type': 'text/html' }).end('<html>'),
    ]),
  ];

  test.each(uncertain)('is not started again when Dify %s', async (_, route) => {
    const dify = await startDify({ run: route });
    const { clock } = impatientClock();
    const { reply, log } = run({ ...dify, clock, firstByteMs: 300, idleMs: 300 });
    const error = await failure(reply);
    expect(error.retryable).toBe(false);
    expect(error.message).toMatch(/may have started the run/);
    expect(dify.requests.filter((each) => each.startsWith('POST'))).toHaveLength(1);
    expect(log).toEqual(['sent']);
  });

  test.each(uncertain)(
    'is found by its own user and attached to when Dify %s',
    async (_, route) => {
      const dify = await startDify({
        run: route,
        logs: (_request, response) =>
          json(response, 200, { data: [{ workflow_run: { id: 'run-1' } }] }),
        detail: (_request, response) => detail(response, 'succeeded', { total_tokens: 7 }),
      });
      const { reply, handles } = run({ ...dify, firstByteMs: 300, idleMs: 300 });
      expect((await reply).result).toMatchObject({ status: 'succeeded', workflow_run_id: 'run-1' });
      expect(handles).toMatchObject([{ state: 'started', run_id: 'run-1', user: 'job_1' }]);
      expect(dify.requests.slice(0, 2)).toEqual([
        'POST /v1/workflows/run',
        'GET /v1/workflows/logs?created_by_end_user_session_id=job_1&limit=1',
      ]);
    },
  );

  test('is not searched for where other jobs have the same user', async () => {
    const dify = await startDify({ run: (_, response) => void response.destroy() });
    expect(await failure(run(dify, { user: 'ann' }).reply)).toMatchObject({ retryable: false });
    expect(dify.requests).toEqual(['POST /v1/workflows/run']);
  });

  test('may be started again where the app says so, and the record forgets it', async () => {
    const dify = await startDify({ run: (_, response) => void response.destroy() });
    const app = { kind: 'workflow', onCrash: 'rerun', sessionTtlMs: 1 } as const;
    const { reply, log } = run({ ...dify, app }, { user: 'ann' });
    expect(await failure(reply)).toMatchObject({ code: 'upstream_truncated', retryable: true });
    expect(log).toEqual(['sent', 'forgotten']);
  });

  test('is started again when nothing was sent', async () => {
    const error = await failure(run({ port: 1 }).reply);
    expect(error).toMatchObject({ code: 'upstream_unreachable', retryable: true });
  });

  test('is started again when the proxy says that it was not handled', async () => {
    const dify = await startDify({ run: (_, response) => void response.writeHead(503).end() });
    expect(await failure(run(dify).reply)).toMatchObject({
      code: 'upstream_overloaded',
      retryable: true,
    });
  });
});

describe('a stream that breaks after the run has started', () => {
  const breaks: Handler = (_, response) => {
    const broken = stream(response, started);
    broken.write(line(node('a', priced(3, '0.1'))), () => broken.destroy());
  };

  test('is settled by one look at a run that has ended, without a price that misses nodes', async () => {
    const dify = await startDify({
      run: breaks,
      detail: (_, response) =>
        detail(response, 'succeeded', { outputs: '{"answer":42}', total_tokens: 9 }),
    });
    const reply = await run(dify).reply;
    expect(reply).toMatchObject({
      result: { status: 'succeeded', outputs: { answer: 42 }, workflow_run_id: 'run-1' },
      usage: { total_tokens: 9 },
    });
    expect(reply.costUsd).toBeUndefined();
    expect(dify.requests).toEqual(['POST /v1/workflows/run', 'GET /v1/workflows/run/run-1']);
  });

  test('fails retryably while the run goes on, after one look', async () => {
    const dify = await startDify({
      run: breaks,
      detail: (_, response) => detail(response, 'running'),
    });
    expect(await failure(run(dify).reply)).toMatchObject({
      code: 'upstream_truncated',
      retryable: true,
    });
    expect(dify.requests).toHaveLength(2);
  });

  test('fails retryably when the look fails too', async () => {
    const dify = await startDify({ run: breaks });
    expect(await failure(run(dify).reply)).toMatchObject({
      code: 'upstream_truncated',
      retryable: true,
    });
  });

  test('is attached to again when it was only quiet', async () => {
    const dify = await startDify({
      run: (_, response) => void stream(response, started),
      detail: (_, response) => detail(response, 'running'),
      events: (_, response) => stream(response, started, node('a'), ended()).end(),
    });
    const { reply, log } = run({ ...dify, idleMs: 200 });
    expect((await reply).result.status).toBe('succeeded');
    expect(log).toEqual(['sent', 'started', 'stored', 'node_finished a']);
    expect(dify.requests.filter((each) => each.startsWith('POST'))).toHaveLength(1);
  });
});

describe('a run that an earlier attempt started', () => {
  const resume = handle;

  test('that has ended is returned after one look', async () => {
    const dify = await startDify({
      detail: (_, response) => detail(response, 'stopped', { total_tokens: 7 }),
    });
    const { reply, handles } = run(dify, { resume });
    expect(await reply).toMatchObject({
      result: { status: 'stopped', task_id: 'task-1' },
      usage: { total_tokens: 7 },
    });
    expect(dify.requests).toEqual(['GET /v1/workflows/run/run-1']);
    expect(handles).toEqual([]);
  });

  test('is followed, as the user who started it', async () => {
    const dify = await startDify({
      detail: (_, response) => detail(response, 'running'),
      events: (_, response) =>
        stream(response, started, node('a', priced(5, '0.5')), ended({ total_tokens: 5 })).end(),
    });
    const { reply, log } = run(dify, { resume, user: 'bob' });
    expect(await reply).toMatchObject({ result: { status: 'succeeded' }, costUsd: '0.5' });
    expect(dify.requests).toEqual([
      'GET /v1/workflows/run/run-1',
      'GET /v1/workflow/run-1/events?user=ann&include_state_snapshot=true',
    ]);
    expect(log).toEqual(['node_finished a']);
  });

  test('has no price when the snapshot lacks nodes', async () => {
    const dify = await startDify({
      detail: (_, response) => detail(response, 'running'),
      events: (_, response) =>
        stream(response, node('b', priced(5, '0.5')), ended({ total_tokens: 9 })).end(),
    });
    const { costUsd, usage } = await run(dify, { resume }).reply;
    expect({ costUsd, usage }).toEqual({
      costUsd: undefined,
      usage: { total_tokens: 9, source: 'provider' },
    });
  });

  const withoutEvents: [string, Handler][] = [
    ['Dify knows no such route (404)', (_, response) => notFound(response)],
    ['Dify knows no such method (405)', (_, response) => void response.writeHead(405).end()],
    ['the stream ends without an end', (_, response) => void stream(response, started).end()],
  ];
  test.each(withoutEvents)('is asked for with growing pauses when %s', async (_, events) => {
    let looks = 0;
    const dify = await startDify({
      events,
      detail: (_request, response) => detail(response, (looks += 1) < 11 ? 'running' : 'succeeded'),
    });
    const { clock, pauses } = impatientClock();
    const told: RawReply[] = [];
    const onRaw = (raw: RawReply) => void told.push(raw);
    const { reply } = run({ ...dify, clock }, { resume, onRaw });
    expect((await reply).result.status).toBe('succeeded');
    expect(told.at(-1)).toMatchObject({ body: { status: 'succeeded' } });
    expect(pauses[0]).toBe(2_000);
    expect(pauses.at(-1)).toBe(30_000);
    expect(pauses).toEqual(pauses.toSorted((a, b) => a - b));
    expect(dify.requests.filter((each) => each.startsWith('POST'))).toEqual([]);
  });

  test('is looked for a second time before it counts as lost', async () => {
    const dify = await startDify({});
    const { clock, pauses } = impatientClock();
    const error = await failure(run({ ...dify, clock }, { resume }).reply);
    expect(error).toMatchObject({ code: 'upstream_not_found', retryable: false });
    expect(pauses).toEqual([2_000]);
    expect(dify.requests.every((each) => each.startsWith('GET'))).toBe(true);
  });

  test('stops polling when the call is aborted, and the run with it', async () => {
    const dify = await startDify({
      detail: (_, response) => detail(response, 'running'),
      stop: (_, response) => json(response, 200, { result: 'success' }),
    });
    const aborter = new AbortController();
    const reason = new SluiceError('cancelled', 'by the client');
    const { reply } = run(dify, { resume, signal: aborter.signal });
    const failed = failure(reply);
    await waitFor(() => dify.requests.length >= 3, { description: 'the first poll' });
    aborter.abort(reason);
    expect(await failed).toBe(reason);
    expect(dify.requests.at(-1)).toBe('POST /v1/workflows/tasks/task-1/stop');
  });
});

describe('an aborted run', () => {
  async function abortRunning(reason: unknown) {
    const dify = await startDify({
      run: (_, response) => void stream(response, started, node('a')),
      stop: (_, response) => json(response, 200, { result: 'success' }),
    });
    const aborter = new AbortController();
    const { reply, log } = run(dify, { signal: aborter.signal, user: 'ann' });
    const failed = failure(reply);
    await waitFor(() => log.includes('node_finished a'), { description: 'the first node' });
    aborter.abort(reason);
    const error = await failed;
    await waitFor(() => dify.openConnections() <= 1, { description: 'the stream to be closed' });
    return { dify, error };
  }

  test('is stopped in Dify and rejects with the very reason', async () => {
    const reason = new SluiceError('cancelled', 'by the client');
    const { dify, error } = await abortRunning(reason);
    expect(error).toBe(reason);
    expect(dify.requests.at(-1)).toBe('POST /v1/workflows/tasks/task-1/stop');
    expect(dify.bodies.at(-1)).toEqual({ user: 'ann' });
  });

  test('is stopped at the job’s time-out', async () => {
    const reason = new SluiceError('upstream_timeout', 'too long');
    const { dify, error } = await abortRunning(reason);
    expect(error).toBe(reason);
    expect(dify.requests).toHaveLength(2);
  });

  test('goes on when this worker only goes away: another one will attach', async () => {
    const reason = new SluiceError('interrupted', 'the worker drains');
    const { dify, error } = await abortRunning(reason);
    expect(error).toBe(reason);
    expect(dify.requests).toEqual(['POST /v1/workflows/run']);
  });

  test('rejects as cancelled for any other reason', async () => {
    const { error } = await abortRunning(new Error('whatever'));
    expect(error.code).toBe('cancelled');
  });

  test('is stopped when its handle cannot be stored', async () => {
    const dify = await startDify({
      run: (_, response) => void stream(response, started),
      stop: (_, response) => json(response, 200, { result: 'success' }),
    });
    const lost = new SluiceError('unavailable', 'Redis is away');
    const { reply } = run(dify, {
      keepHandle: async ({ state } = handle) =>
        await (state === 'sent' ? Promise.resolve() : Promise.reject(lost)),
    });
    expect(await failure(reply)).toBe(lost);
    expect(dify.requests.at(-1)).toBe('POST /v1/workflows/tasks/task-1/stop');
  });
});
