import { ChatClient, CompletionClient } from 'dify-client';
import { describe, expect, test } from 'vitest';

import { adminKey, useStack } from '../support/start-stack.ts';

/** A workflow and a completion app, which their routes find by themselves, and two that answer `chat-messages`. */
const stack = useStack({
  config: ({ simulatorUrl }) => ({
    providers: { dify: { kind: 'dify', baseUrl: `${simulatorUrl}/dify/v1` } },
    apps: {
      flow: { provider: 'dify', apiKey: 'app-sim', cache: { ttlSeconds: 60 } },
      talk: { provider: 'dify', apiKey: 'app-chat', kind: 'chat' },
      plan: { provider: 'dify', apiKey: 'app-chatflow', kind: 'chatflow' },
      write: { provider: 'dify', apiKey: 'app-completion', kind: 'completion' },
    },
    retry: { maxAttempts: 2, initialDelaySeconds: 0.05, maxDelaySeconds: 0.2 },
  }),
});

const user = 'ann';

/** The vendor's own client, whose types leave two methods out; unmodified but for its base URL and key. */
type Client = ChatClient &
  CompletionClient & {
    runWorkflow(inputs: object, user: string, stream?: boolean): Promise<Reply>;
    sendRequest(
      method: string,
      path: string,
      data?: unknown,
      params?: unknown,
      stream?: boolean,
      headers?: Record<string, string>,
    ): Promise<Reply>;
  };

/** What the client gives: a response of axios. */
interface Reply {
  status: number;
  headers: Record<string, string>;
  // The vendor's own client says no more of it.
  data: never;
}

const url = () => `${stack().url}/v1`;
/** A client that sends no header of ours: its base URL names the app. */
const chat = (key = adminKey, app = 'talk') =>
  new ChatClient(key, `${stack().url}/apps/${app}/v1`) as Client;
const completion = (key = adminKey) => new CompletionClient(key, url()) as Client;

interface DifyEvent {
  event: string;
  task_id?: string;
  workflow_run_id?: string;
  conversation_id?: string;
  message_id?: string;
  answer?: string;
  code?: string;
  status?: number;
  data?: Record<string, unknown>;
}

/** The frames of a stream, as they come. */
async function* framesOf({ data }: { data: AsyncIterable<Buffer> }): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of data) {
    const frames = (rest + chunk.toString()).split('\n\n');
    rest = frames.pop() ?? '';
    yield* frames;
  }
}

async function* eventsIn(reply: { data: AsyncIterable<Buffer> }): AsyncGenerator<DifyEvent> {
  for await (const frame of framesOf(reply)) {
    if (frame.startsWith('data: ')) yield JSON.parse(frame.slice(6)) as DifyEvent;
  }
}

async function readEvents(reply: { data: AsyncIterable<Buffer> }): Promise<DifyEvent[]> {
  const events: DifyEvent[] = [];
  for await (const event of eventsIn(reply)) events.push(event);
  return events;
}

const failureOf = (call: Promise<unknown>) =>
  call.then(
    () => new Error('it succeeded'),
    (error: unknown) => (error as { response: Reply }).response,
  );

const outcomes = async (kind: string) =>
  (await stack().simulator.calls(kind)).map(({ outcome }) => outcome);

describe('a workflow', () => {
  test('is run to its end, as a job with its cost, and its run can be asked for', async () => {
    const reply = await completion().runWorkflow({ query: 'hello there' }, user);
    const { task_id: task, workflow_run_id: run, data } = reply.data as Record<string, never>;
    expect(data).toMatchObject({
      id: run,
      workflow_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      status: 'succeeded',
      outputs: { text: 'You said: hello there' },
      error: null,
      total_tokens: expect.any(Number),
    });
    const job = await stack().ended(reply.headers['x-sluice-job-id'] ?? '');
    expect(job).toMatchObject({
      type: 'workflow',
      app: 'flow',
      user,
      state: 'completed',
      cost_usd: reply.headers['x-cost-usd'],
      result: { task_id: task, workflow_run_id: run },
    });
    const detail = await completion().sendRequest('GET', `/workflows/run/${run}`);
    expect(detail.data).toMatchObject({
      id: run,
      status: 'succeeded',
      inputs: '{"query":"hello there"}',
      outputs: { text: 'You said: hello there' },
      finished_at: expect.any(Number),
    });
  });

  test('streams its events, each with its ids, and the first bytes are a ping', async () => {
    const reply = await completion().runWorkflow({ query: 'hi' }, user, true);
    const frames: string[] = [];
    for await (const frame of framesOf(reply)) frames.push(frame);
    expect(frames[0]).toBe('event: ping');
    const events = frames.flatMap((frame) =>
      frame.startsWith('data: ') ? [JSON.parse(frame.slice(6)) as DifyEvent] : [],
    );
    expect(events[0]).toMatchObject({
      event: 'workflow_started',
      data: { inputs: { query: 'hi' }, reason: 'initial' },
    });
    const names = events.map(({ event }) => event);
    expect(names).toEqual(
      expect.arrayContaining(['node_started', 'node_finished', 'workflow_finished']),
    );
    const { task_id: task, workflow_run_id: run } = events[0] ?? {};
    expect(task).not.toMatch(/^job_/);
    for (const event of events)
      expect(event).toMatchObject({ task_id: task, workflow_run_id: run });
    const node = events.find(
      ({ event, data }) => event === 'node_finished' && data?.['node_type'] === 'llm',
    );
    expect(node?.data).toMatchObject({
      status: 'succeeded',
      execution_metadata: { total_tokens: expect.any(Number) },
    });
    expect(events.at(-1)).toMatchObject({
      event: 'workflow_finished',
      data: { id: run, status: 'succeeded', outputs: { text: 'You said: hi' } },
    });
  });

  test('that the cache answers is bought once, and has ids that can be asked for', async () => {
    const first = await completion().runWorkflow({ query: 'again' }, user);
    const second = await completion().runWorkflow({ query: 'again' }, user);
    expect(second.headers['x-sluice-cache']).toBe('hit');
    const { workflow_run_id: run, data } = second.data as Record<string, string>;
    expect(data).toMatchObject({ outputs: { text: 'You said: again' } });
    expect(run).not.toBe((first.data as Record<string, string>)['workflow_run_id']);
    const detail = await completion().sendRequest('GET', `/workflows/run/${run}`);
    expect(detail.data).toMatchObject({ id: run, status: 'succeeded' });
    const events = await readEvents(await completion().runWorkflow({ query: 'again' }, user, true));
    expect(events.map(({ event }) => event)).toEqual(['workflow_started', 'workflow_finished']);
    expect(await outcomes('workflow')).toEqual(['bought']);
  });

  test('that fails is an answer that says so, whole and as events', async () => {
    await stack().simulator.behaviour({ dify: { outcome: 'failed', error: 'no such tool' } });
    const { status, data } = await completion().runWorkflow({ query: 'fail' }, user);
    expect(status).toBe(200);
    expect(data).toMatchObject({ data: { status: 'failed', error: 'no such tool' } });
    const events = await readEvents(await completion().runWorkflow({ query: 'no' }, user, true));
    expect(events.at(-1)).toMatchObject({
      event: 'workflow_finished',
      data: { status: 'failed', error: 'no such tool' },
    });
  });

  test('is stopped by its task, at Dify too', async () => {
    await stack().simulator.behaviour({ dify: { nodeDelayMs: 2_000 } });
    const reply = await completion().runWorkflow({ query: 'stop me' }, user, true);
    const events: DifyEvent[] = [];
    for await (const event of eventsIn(reply)) {
      events.push(event);
      if (events.length > 1) continue;
      const path = `/workflows/tasks/${event.task_id}/stop`;
      const stopped = await completion().sendRequest('POST', path, { user });
      expect(stopped.data).toEqual({ result: 'success' });
    }
    expect(events.at(-1)).toMatchObject({
      event: 'workflow_finished',
      data: { status: 'stopped' },
    });
    await expect.poll(() => outcomes('workflow'), { timeout: 15_000 }).toEqual(['aborted']);
    const run = `/workflows/run/${events[0]?.workflow_run_id}`;
    expect((await completion().sendRequest('GET', run)).data).toMatchObject({ status: 'stopped' });
  });

  test('is completed although its client has gone at the first event', async () => {
    await stack().simulator.behaviour({ dify: { nodeDelayMs: 200 } });
    const reply = await completion().runWorkflow({ query: 'bye' }, user, true);
    for await (const { event } of eventsIn(reply)) {
      expect(event).toBe('workflow_started');
      break;
    }
    const job = await stack().ended(reply.headers['x-sluice-job-id'] ?? '');
    expect(job).toMatchObject({
      state: 'completed',
      result: { outputs: { text: 'You said: bye' } },
    });
  });
});

describe('a chat app', () => {
  test('holds a conversation', async () => {
    const first = await chat().createChatMessage({}, 'one', user, false, null, null);
    expect(first.data).toMatchObject({
      event: 'message',
      mode: 'chat',
      answer: 'You said: one',
      task_id: expect.any(String),
      message_id: expect.any(String),
      metadata: { usage: { total_price: expect.any(String) } },
    });
    const conversation: string = first.data.conversation_id;
    const second = await chat().createChatMessage({}, 'two', user, false, conversation);
    expect(second.data).toMatchObject({ answer: 'You said: two', conversation_id: conversation });
  });

  test('streams its answer, each piece with the ids of Dify', async () => {
    await stack().simulator.behaviour({ chunkDelayMs: 30, chunks: 5 });
    const events = await readEvents(await chat().createChatMessage({}, 'hi', user, true));
    expect(
      events.map(({ event, answer = '' }) => (event === 'message' ? answer : '')).join(''),
    ).toBe('You said: hi');
    expect(events.at(-1)).toMatchObject({
      event: 'message_end',
      metadata: { usage: { total_tokens: expect.any(Number) } },
    });
    const { task_id, message_id, conversation_id } = events[0] ?? {};
    expect(message_id).toMatch(/^[0-9a-f-]{36}$/);
    expect(conversation_id).toMatch(/^[0-9a-f-]{36}$/);
    for (const event of events)
      expect(event).toMatchObject({ task_id, message_id, conversation_id });
  });

  test('is stopped by who has asked it, and by nobody else', async () => {
    await stack().simulator.behaviour({ chunkDelayMs: 100, chunks: 100, reply: 'x'.repeat(1_000) });
    const reply = await chat().createChatMessage({}, 'long', user, true);
    const stop = async (task: string | undefined, by: string) =>
      (await chat().sendRequest('POST', `/chat-messages/${task}/stop`, { user: by })).data;
    const events: DifyEvent[] = [];
    for await (const event of eventsIn(reply)) {
      events.push(event);
      if (events.length === 1)
        expect(await stop(event.task_id, 'bob')).toEqual({ result: 'success' });
      if (events.length === 3)
        expect(await stop(event.task_id, user)).toEqual({ result: 'success' });
    }
    expect(events.length).toBeGreaterThan(3);
    expect(events.at(-1)?.event).toBe('message_end');
    await expect.poll(() => outcomes('chat-message'), { timeout: 15_000 }).toEqual(['aborted']);
  });

  test('whose model fails ends its stream with an error', async () => {
    await stack().simulator.behaviour({ dify: { outcome: 'failed', error: 'no such tool' } });
    const events = await readEvents(await chat().createChatMessage({}, 'hi', user, true));
    expect(events.at(-1)).toMatchObject({
      event: 'error',
      code: 'completion_request_error',
      status: 400,
      message: expect.stringContaining('no such tool'),
    });
  });
});

test('a completion app answers, whole and in pieces', async () => {
  const { data } = await completion().createCompletionMessage({ query: 'go' }, user);
  expect(data).toMatchObject({ event: 'message', mode: 'completion', answer: 'You said: go' });
  const reply = await completion().createCompletionMessage({ query: 'on' }, user, true);
  const events = await readEvents(reply);
  expect(events.map(({ answer = '' }) => answer).join('')).toBe('You said: on');
  expect(events.at(-1)?.event).toBe('message_end');
});

describe('files', () => {
  const upload = async (bytes: number, name: string, key = adminKey) => {
    const form = new FormData();
    form.append('file', new File([Buffer.alloc(bytes, 'a')], name, { type: 'text/plain' }));
    form.append('user', user);
    return (await chat(key).fileUpload(form)) as Reply;
  };

  test.each([
    ['a note', 5],
    ['a document of 11 MB', 11 * 1_048_576],
  ])('%s is uploaded once and given to Dify by the worker', async (_, bytes) => {
    const { status, data } = await upload(bytes, 'note.txt');
    expect({ status, data }).toMatchObject({
      status: 201,
      data: {
        name: 'note.txt',
        size: bytes,
        extension: 'txt',
        mime_type: 'text/plain',
        created_by: user,
      },
    });
    const doc = {
      type: 'document',
      transfer_method: 'local_file',
      upload_file_id: (data as Record<string, string>)['id'],
      url: '',
    };
    // The simulator knows no other file than what it was given, by the same user.
    const run = await completion().runWorkflow({ query: 'read', doc, more: [doc] }, user);
    expect(run.data).toMatchObject({ data: { status: 'succeeded' } });
    expect(await stack().simulator.calls('file')).toHaveLength(2);
  });

  test('a form without a file, and a file that is not there, are refused', async () => {
    const form = new FormData();
    form.append('user', user);
    expect(await failureOf(chat().fileUpload(form))).toMatchObject({
      status: 400,
      data: { code: 'no_file_uploaded', status: 400 },
    });
    const doc = {
      type: 'document',
      transfer_method: 'local_file',
      upload_file_id: 'file-01kbg3v0x2q7h5m9n4p6r8t0w200',
    };
    expect(await failureOf(completion().runWorkflow({ doc }, user))).toMatchObject({
      status: 404,
      data: { code: 'not_found', status: 404 },
    });
  });
});

test('a chatflow answers, with its nodes and its run', async () => {
  const { data } = await chat(adminKey, 'plan').createChatMessage({}, 'one', user);
  expect(data).toMatchObject({ mode: 'advanced-chat', answer: 'You said: one' });
  const reply = await chat(adminKey, 'plan').createChatMessage({}, 'two', user, true);
  const events = await readEvents(reply);
  const names = events.map(({ event }) => event);
  expect(names).toEqual(expect.arrayContaining(['workflow_started', 'node_finished', 'message']));
  expect(names.slice(-2)).toEqual(['message_end', 'workflow_finished']);
  const run = events[0]?.workflow_run_id;
  const detail = await chat().sendRequest('GET', `/workflows/run/${run}`);
  expect(detail.data).toMatchObject({ id: run, status: 'succeeded' });
});

test('a long wait for a whole answer is filled with blanks, which JSON allows', async () => {
  await stack().simulator.behaviour({ dify: { nodeDelayMs: 400 } });
  const response = await fetch(`${url()}/workflows/run`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${adminKey}`,
      'content-type': 'application/json',
      'x-sluice-keep-alive': '0.2',
    },
    body: JSON.stringify({ inputs: { query: 'slow' }, user }),
  });
  const text = await response.text();
  expect(text).toMatch(/^\n+\{/);
  expect(JSON.parse(text)).toMatchObject({ data: { status: 'succeeded' } });
});

test('what an app takes is told as Dify tells it', async () => {
  expect((await chat().getApplicationParameters(user)).data).toHaveProperty('user_input_form');
  const headers = { 'X-Dify-App-Id': 'talk' };
  const info = await completion().sendRequest('GET', '/info', null, { user }, false, headers);
  expect(info.data).toMatchObject({ mode: 'chat' });
  expect(await failureOf(completion().getApplicationParameters(user))).toMatchObject({
    status: 400,
    data: { message: expect.stringContaining('one of flow, talk, plan, write') },
  });
});

describe('errors', () => {
  test('are Dify’s, and say what is allowed', async () => {
    const ask = (body: object, headers: Record<string, string> = {}) =>
      failureOf(completion().sendRequest('POST', '/chat-messages', body, null, false, headers));
    const body = { inputs: {}, query: 'hi', user };
    expect(await failureOf(chat('wrong').createChatMessage({}, 'hi', user))).toMatchObject({
      status: 401,
      data: { code: 'unauthorized', status: 401 },
    });
    expect(await ask(body)).toMatchObject({
      status: 400,
      data: { code: 'invalid_param', message: expect.stringContaining('one of talk, plan') },
    });
    const talk = { 'X-Dify-App-Id': 'talk' };
    expect(await ask({ inputs: {}, query: 'hi' }, talk)).toMatchObject({
      status: 400,
      data: { code: 'invalid_param', params: 'user', status: 400 },
    });
    expect(await ask({ ...body, response_mode: 'fast' }, talk)).toMatchObject({
      data: { code: 'invalid_param', message: expect.stringMatching(/blocking.*streaming/) },
    });
    expect(await ask(body, { 'X-Dify-App-Id': 'flow' })).toMatchObject({
      status: 400,
      data: { code: 'not_chat_app', message: expect.stringContaining('one of talk') },
    });
    expect(await ask(body, { 'X-Sluice-App': 'tlak' })).toMatchObject({
      status: 400,
      data: { code: 'invalid_param', message: expect.stringContaining('talk') },
    });
    const gone = { ...body, conversation_id: '45701982-8118-4bc5-8e9b-64562b4555f2' };
    expect(await ask(gone, talk)).toMatchObject({ data: { code: 'not_found' } });
  });

  test('of another tenant’s run, task and file are those of none', async () => {
    await stack().request('POST', '/v1/admin/tenants', { id: 'other' });
    const scopes = ['submit', 'read', 'cancel'];
    const made = await stack().request('POST', '/v1/admin/keys', { tenant_id: 'other', scopes });
    const { key } = made.body as { key: string };
    const own = await completion().runWorkflow({ query: 'mine' }, user);
    const { task_id: task, workflow_run_id: run } = own.data as Record<string, string>;
    const job = own.headers['x-sluice-job-id'];
    const form = new FormData();
    form.append('file', new File(['secret'], 'a.txt'));
    form.append('user', user);
    const { data: file } = await chat().fileUpload(form);
    const doc = { type: 'document', transfer_method: 'local_file', upload_file_id: file.id };
    const others = completion(key);
    for (const call of [
      () => others.sendRequest('GET', `/workflows/run/${run}`),
      () => others.sendRequest('GET', `/workflows/run/${job}`),
      () => others.sendRequest('POST', `/workflows/tasks/${task}/stop`, { user }),
      () => others.sendRequest('POST', '/workflows/tasks/nothing/stop', { user }),
      () => others.runWorkflow({ query: 'theirs', doc }, user),
    ]) {
      // oxlint-disable-next-line no-await-in-loop
      expect(await failureOf(call())).toMatchObject({
        status: 404,
        data: { code: 'not_found', status: 404 },
      });
    }
  });
});
