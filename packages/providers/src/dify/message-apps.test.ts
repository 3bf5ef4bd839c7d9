import type { AppKind } from '@sluice/contracts';
import { describe, expect, test } from 'vitest';

import {
  ended,
  failure,
  impatientClock,
  json,
  line,
  run,
  startDify,
  stream,
  type Handler,
} from './fake-dify.ts';

const base = { task_id: 'task-1', message_id: 'msg-1', conversation_id: 'conv-1', created_at: 1 };
const flow = { ...base, workflow_run_id: 'run-1' };
const say = (answer: string, more: object = base) => ({ event: 'message', ...more, answer });
const usage = {
  prompt_tokens: 3,
  completion_tokens: 4,
  total_tokens: 7,
  total_price: '0.0000125',
  currency: 'USD',
};
const resources = [{ position: 1, document_name: 'a.md', content: 'x' }];
const messageEnd = (more: object = base) => ({
  event: 'message_end',
  ...more,
  metadata: { usage, retriever_resources: resources },
  files: [{ id: 'f1', url: 'https://dify.test/f1' }],
});
const app = (kind: AppKind, onCrash: 'fail' | 'rerun' = 'fail') => ({
  kind,
  onCrash,
  sessionTtlMs: 1,
});
const input = { inputs: { tone: 'kind' }, query: 'hi' };

const answering =
  (...events: object[]): Handler =>
  (_, response) =>
    void stream(response, ...events).end();

describe('a chat, agent or completion app', () => {
  test.each([
    ['chat', '/v1/chat-messages', { query: 'hi', inputs: { tone: 'kind' } }],
    ['agent', '/v1/chat-messages', { query: 'hi', inputs: { tone: 'kind' } }],
    ['chatflow', '/v1/chat-messages', { query: 'hi', inputs: { tone: 'kind' } }],
    ['completion', '/v1/completion-messages', { inputs: { query: 'hi', tone: 'kind' } }],
  ] as const)('%s is asked at %s', async (kind, path, body) => {
    const more = kind === 'chatflow' ? flow : base;
    const last = kind === 'chatflow' ? [{ ...ended(), ...flow }] : [];
    const dify = await startDify({ run: answering(say('a', more), messageEnd(more), ...last) });
    await run({ ...dify, app: app(kind) }, { input, user: 'ann' }).reply;
    expect(dify.requests).toEqual([`POST ${path}`]);
    expect(dify.bodies).toEqual([{ ...body, user: 'ann', response_mode: 'streaming' }]);
  });

  test('is asked in the conversation that is named, as the user of the input', async () => {
    const dify = await startDify({ run: answering(say('a'), messageEnd()) });
    const named = { ...input, conversation_id: 'conv-9', user: 'bob' };
    await run({ ...dify, app: app('chat') }, { input: named, user: 'ann' }).reply;
    expect(dify.bodies[0]).toMatchObject({ conversation_id: 'conv-9', user: 'bob' });
  });

  test('gives its text, ids, tokens, price, resources and files', async () => {
    const dify = await startDify({
      run: answering(
        say('Hel'),
        { event: 'tts_message', ...base, audio: '//8=' },
        say('lo'),
        messageEnd(),
      ),
    });
    const { reply, handles } = run({ ...dify, app: app('chat') }, { input, user: 'ann' });
    expect(await reply).toEqual({
      result: {
        type: 'workflow',
        status: 'succeeded',
        answer: 'Hello',
        outputs: { answer: 'Hello' },
        error: null,
        task_id: 'task-1',
        conversation_id: 'conv-1',
        message_id: 'msg-1',
        total_tokens: 7,
        files: [{ id: 'f1', url: 'https://dify.test/f1' }],
        metadata: { usage, retriever_resources: resources },
      },
      usage: { input_tokens: 3, output_tokens: 4, total_tokens: 7, source: 'provider' },
      costUsd: '0.0000125',
      upstreamRequestId: undefined,
    });
    expect(handles).toMatchObject([
      { state: 'started', task_id: 'task-1', conversation_id: 'conv-1', message_id: 'msg-1' },
    ]);
    expect(handles[0]).not.toHaveProperty('run_id');
  });

  test('replaces its text when Dify moderates it', async () => {
    const replaced = { event: 'message_replace', ...base, answer: 'no', reason: 'moderation' };
    const dify = await startDify({ run: answering(say('bad'), replaced, say('!'), messageEnd()) });
    const { result } = await run({ ...dify, app: app('chat') }, { input }).reply;
    expect(result.answer).toBe('no!');
  });

  test('of agents tells each thought as it grows, and does not repeat a text that Dify repeats', async () => {
    const thought = (more: object) => ({
      event: 'agent_thought',
      ...base,
      id: 't1',
      position: 1,
      ...more,
    });
    const dify = await startDify({
      run: answering(
        thought({ thought: '' }),
        thought({ thought: 'look', tool: 'search', tool_input: '{"q":1}' }),
        thought({ thought: 'look', tool: 'search', tool_input: '{"q":1}', observation: 'found' }),
        say('Hel'),
        say('lo'),
        say('Hello'),
        messageEnd(),
      ),
    });
    const told: string[] = [];
    const { reply } = run(
      { ...dify, app: app('agent') },
      { input, onProgress: ({ type, data }) => told.push(`${type} ${String(data['tool'])}`) },
    );
    const { result } = await reply;
    expect(result.answer).toBe('Hello');
    expect(result.thoughts).toEqual([
      { position: 1, thought: 'look', tool: 'search', tool_input: '{"q":1}', observation: 'found' },
    ]);
    expect(told).toEqual(['agent_thought undefined', 'agent_thought search']);
  });

  test('that answers without streaming is understood', async () => {
    const dify = await startDify({
      run: (_, response) =>
        json(response, 200, {
          event: 'message',
          ...base,
          id: 'msg-1',
          mode: 'chat',
          answer: 'Hello',
          metadata: { usage },
        }),
    });
    const { result } = await run({ ...dify, app: app('chat') }, { input }).reply;
    expect(result).toMatchObject({ answer: 'Hello', message_id: 'msg-1' });
  });

  test('that tells an error fails with it, and the record forgets the call', async () => {
    const error = {
      event: 'error',
      ...base,
      status: 400,
      code: 'completion_request_error',
      message: 'Rate limit reached',
    };
    const dify = await startDify({ run: answering(say('He'), error) });
    const { reply, log } = run({ ...dify, app: app('chat') }, { input });
    expect(await failure(reply)).toMatchObject({ code: 'upstream_overloaded', retryable: true });
    expect(log.at(-1)).toBe('forgotten');
  });

  test('that used a tool before its error is not asked again', async () => {
    const error = {
      event: 'error',
      ...base,
      status: 500,
      code: 'internal_server_error',
      message: 'x',
    };
    const used = { event: 'agent_thought', ...base, id: 't1', position: 1, tool: 'mail' };
    const dify = await startDify({ run: answering(used, error) });
    const { reply } = run({ ...dify, app: app('agent') }, { input });
    expect(await failure(reply)).toMatchObject({ code: 'upstream_error', retryable: false });
  });

  test.each([
    ['fail', false, 'stored'],
    ['rerun', true, 'forgotten'],
  ] as const)('that breaks off: onCrash %s', async (onCrash, retryable, last) => {
    const dify = await startDify({ run: answering(say('He')) });
    const { reply, log } = run({ ...dify, app: app('chat', onCrash) }, { input });
    expect(await failure(reply)).toMatchObject({ code: 'upstream_truncated', retryable });
    expect(log.at(-1)).toBe(last);
  });

  test.each(['sent', 'started'] as const)(
    'whose worker died when its call was %s is asked again only where its policy says so',
    async (state) => {
      const dify = await startDify({ run: answering(say('again'), messageEnd()) });
      const resume = { provider: 'dify', state, user: 'ann', sent_at_ms: 1, task_id: 'task-0' };
      const failing = run({ ...dify, app: app('chat') }, { input, resume });
      expect(await failure(failing.reply)).toMatchObject({ code: 'interrupted', retryable: false });
      expect(dify.requests).toEqual([]);

      const rerun = run({ ...dify, app: app('chat', 'rerun') }, { input, resume });
      expect((await rerun.reply).result.answer).toBe('again');
      expect(rerun.log[0]).toBe('sent');
      expect(dify.requests).toHaveLength(1);
    },
  );
});

describe('a chatflow', () => {
  const started = { event: 'workflow_started', ...flow, data: { id: 'run-1' } };
  const finished = (data: object = {}) => ({ ...ended(data), ...flow });
  const chatflow = app('chatflow');

  test.each([
    ['message_end before workflow_finished', [messageEnd(flow), finished({ total_tokens: 7 })]],
    ['message_end after workflow_finished', [finished({ total_tokens: 7 }), messageEnd(flow)]],
  ])('is whole with %s', async (_, last) => {
    const dify = await startDify({ run: answering(started, say('Hello', flow), ...last) });
    const { reply, handles } = run({ ...dify, app: chatflow }, { input });
    expect(await reply).toMatchObject({
      result: {
        status: 'succeeded',
        answer: 'Hello',
        outputs: { answer: 42 },
        workflow_run_id: 'run-1',
        message_id: 'msg-1',
        metadata: { retriever_resources: resources },
      },
      usage: { input_tokens: 3, output_tokens: 4, total_tokens: 7 },
      costUsd: '0.0000125',
    });
    expect(handles).toMatchObject([{ run_id: 'run-1', conversation_id: 'conv-1' }]);
  });

  test('that failed is a reply, although Dify sends an error after it', async () => {
    const error = {
      event: 'error',
      ...flow,
      status: 400,
      code: 'completion_request_error',
      message: 'no',
    };
    const failed = finished({ status: 'failed', error: 'node x: no' });
    const dify = await startDify({ run: answering(started, failed, error) });
    const { result } = await run({ ...dify, app: chatflow }, { input }).reply;
    expect(result).toMatchObject({ status: 'failed', error: 'node x: no' });
  });

  test('that was attached to reads its text from the stored message', async () => {
    const dify = await startDify({
      events: answering(say('lo', flow), finished({ total_tokens: 7 })),
      detail: (_, response) => json(response, 200, { id: 'run-1', status: 'running' }),
      messages: (_, response) =>
        json(response, 200, {
          data: [
            { id: 'msg-0', answer: 'no' },
            { id: 'msg-1', answer: 'Hello' },
          ],
        }),
    });
    const resume = {
      provider: 'dify',
      state: 'started' as const,
      user: 'ann',
      sent_at_ms: 1,
      run_id: 'run-1',
      task_id: 'task-1',
      conversation_id: 'conv-1',
      message_id: 'msg-1',
    };
    const { result } = await run({ ...dify, app: chatflow }, { input, resume }).reply;
    expect(result).toMatchObject({
      status: 'succeeded',
      answer: 'Hello',
      workflow_run_id: 'run-1',
    });
    expect(dify.requests.filter((each) => each.startsWith('POST'))).toEqual([]);
  });

  test('that cannot be found again is not searched for: only its policy decides', async () => {
    const dify = await startDify({ run: (_, response) => void response.destroy() });
    const { clock } = impatientClock();
    const { reply } = run({ ...dify, clock, app: chatflow }, { input });
    expect(await failure(reply)).toMatchObject({ code: 'upstream_truncated', retryable: false });
    expect(dify.requests).toEqual(['POST /v1/chat-messages']);
  });
});

test('a run of many steps tells the first 400 and that there were more', async () => {
  const steps = Array.from({ length: 1_000 }, (_, i) => ({
    event: 'iteration_next',
    task_id: 'task-1',
    workflow_run_id: 'run-1',
    data: { id: 'it', node_id: 'n', title: 'x'.repeat(5_000), index: i, inputs: { secret: 1 } },
  }));
  const dify = await startDify({
    run: (_, response) => void stream(response, ...steps).end(line(ended())),
  });
  const told: object[] = [];
  await run(dify, { onProgress: (event) => told.push(event) }).reply;
  expect(told).toHaveLength(401);
  expect(told[0]).toEqual({
    type: 'iteration_next',
    data: { id: 'it', node_id: 'n', title: 'x'.repeat(500), index: 0 },
  });
  expect(told.at(-1)).toEqual({ type: 'progress_cut', data: { after: 400 } });
});
