import type { JobView, WorkflowResult } from '@sluice/contracts';
import { createSimulator } from '@sluice/simulator';
import { ChatClient, CompletionClient } from 'dify-client';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import { adminKey, useStack } from '../support/start-stack.ts';

const apps = {
  flow: { provider: 'dify', apiKey: 'app-sim' },
  talk: { provider: 'dify', apiKey: 'app-chat', kind: 'chat' },
  plan: { provider: 'dify', apiKey: 'app-chatflow', kind: 'chatflow' },
  write: { provider: 'dify', apiKey: 'app-completion', kind: 'completion' },
};

/** Sluice, with a simulator behind it. */
const stack = useStack({
  config: ({ simulatorUrl }) => ({
    providers: { dify: { kind: 'dify', baseUrl: `${simulatorUrl}/dify/v1` } },
    apps,
  }),
});

/** The vendor's own client, unmodified, against the simulator: what it accepts is the protocol. */
const simulator = createSimulator();
const user = 'user-1';

/** The client's own types leave this method out. */
type WorkflowClient = CompletionClient & {
  runWorkflow(inputs: object, user: string, stream?: boolean): Promise<DifyResponse>;
};

type Said = { conversation_id: string; message_id: string };

/** The client's types take numbers, Dify takes these. */
const like = 'like' as never;
const good = 'good' as never;

/** What the client gives: a response of axios. */
type DifyResponse = { status: number; data: never };

const url = (): string => `${simulator.url}/dify/v1`;
const chatClient = (key = 'app-chat-1') => new ChatClient(key, url());
const completionClient = () => new CompletionClient('app-completion-1', url());
// The method exists at run time; see WorkflowClient.
const workflowClient = (key = 'app-1') => new CompletionClient(key, url()) as WorkflowClient;

/** The events of a response that is a stream. */
async function readEvents({ data }: { data: AsyncIterable<Buffer> }): Promise<SimulatedEvent[]> {
  const chunks: Buffer[] = [];
  for await (const chunk of data) chunks.push(chunk);
  return Buffer.concat(chunks)
    .toString()
    .split('\n\n')
    .filter((event) => event.startsWith('data: '))
    .map((event) => JSON.parse(event.slice(6)));
}

type SimulatedEvent = { event: string; answer?: string; data?: { outputs?: unknown } };

beforeAll(() => simulator.listen());
afterEach(() => simulator.reset());
afterAll(() => simulator.close());

describe('a workflow', () => {
  test('streams its events', async () => {
    const events = await readEvents(
      await workflowClient().runWorkflow({ query: 'hi' }, user, true),
    );
    expect(events[0]?.event).toBe('workflow_started');
    expect(events.at(-1)).toMatchObject({
      event: 'workflow_finished',
      data: { outputs: { text: 'You said: hi' } },
    });
  });
});

describe('a chat app', () => {
  test('streams its answer', async () => {
    const events = await readEvents(await chatClient().createChatMessage({}, 'hi', user, true));
    const answer = events.map(({ event, answer: text = '' }) => (event === 'message' ? text : ''));
    expect(answer.join('')).toBe('You said: hi');
    expect(events.at(-1)?.event).toBe('message_end');
  });
});

describe('the other apps', () => {
  test.each(['app-chatflow-1', 'app-agent-1'])('%s streams its answer', async (key) => {
    const events = await readEvents(await chatClient(key).createChatMessage({}, 'hi', user, true));
    const text = events.flatMap(({ event, answer = '' }) =>
      event.endsWith('message') ? [answer] : [],
    );
    expect(text.join('')).toBe('You said: hi');
    const names = events.map(({ event }) => event);
    expect(names).toContain('message_end');
    expect(names).toContain(key.includes('flow') ? 'workflow_finished' : 'agent_thought');
  });

  test('a completion app streams its answer', async () => {
    const reply = await completionClient().createCompletionMessage({ query: 'go' }, user, true);
    const events = await readEvents(reply);
    expect(events.map(({ answer = '' }) => answer).join('')).toBe('You said: go');
    expect(events.at(-1)?.event).toBe('message_end');
  });

  test('a run that asks a person says what for, and its stream ends', async () => {
    simulator.state.behaviour.set({ dify: { outcome: 'paused' } });
    const events = await readEvents(await workflowClient().runWorkflow({}, user, true));
    expect(events.slice(-2)).toMatchObject([
      { event: 'human_input_required', data: { form_token: expect.any(String) } },
      { event: 'workflow_paused', data: { reasons: [{ form_token: expect.any(String) }] } },
    ]);
  });
});

describe.each(['the simulator', 'Sluice'] as const)('every method of the client at %s', (where) => {
  const at = (app: keyof typeof apps) =>
    where === 'Sluice'
      ? { key: adminKey, base: `${stack().url}/apps/${app}/v1` }
      : { key: apps[app].apiKey, base: `${stack().simulator.url}/dify/v1` };
  const client = (app: keyof typeof apps) => new ChatClient(at(app).key, at(app).base);
  // The method exists at run time; see WorkflowClient.
  const completions = (app: keyof typeof apps) =>
    new CompletionClient(at(app).key, at(app).base) as WorkflowClient;
  const textOf = async (reply: { data: AsyncIterable<Buffer> }) =>
    (await readEvents(reply))
      .filter(({ event }) => event === 'message')
      .map(({ answer }) => answer)
      .join('');
  const begin = async (app: keyof typeof apps, query: string, by: string) =>
    (await client(app).createChatMessage({}, query, by)).data as Said;

  test('runs a workflow and a completion app, and takes a file', async () => {
    const run = await completions('flow').runWorkflow({ query: 'hello' }, user);
    expect(run.data).toMatchObject({ data: { outputs: { text: 'You said: hello' } } });
    const written = await completions('write').createCompletionMessage({ query: 'go' }, user);
    expect(written.data).toMatchObject({ answer: 'You said: go' });
    const streamed = await completions('write').createCompletionMessage(
      { query: 'on' },
      user,
      true,
    );
    expect(await textOf(streamed)).toBe('You said: on');
    const rating = await completions('write').messageFeedback(written.data.message_id, like, user);
    expect(rating.data).toEqual({ result: 'success' });
    const form = new FormData();
    form.append('file', new File(['hello'], 'note.txt', { type: 'text/plain' }));
    form.append('user', user);
    expect(await client('talk').fileUpload(form)).toMatchObject({
      status: 201,
      data: { name: 'note.txt', size: 5 },
    });
    expect((await client('talk').getApplicationParameters(user)).data).toHaveProperty(
      'user_input_form',
    );
  });

  test('holds a conversation, and shows it, renames it and deletes it', async () => {
    const by = `conversation ${where}`;
    const { conversation_id: id, message_id: message } = await begin('talk', 'one', by);
    const more = await client('talk').createChatMessage({}, 'two', by, true, id);
    expect(await textOf(more)).toBe('You said: two');
    const { conversation_id: later } = await begin('talk', 'three', by);

    const list = await client('talk').getConversations(by, null, 1);
    expect(list.data).toMatchObject({ limit: 1, has_more: true, data: [{ status: 'normal' }] });
    const whole = (await client('talk').getConversations(by)).data.data as { id: string }[];
    expect(whole.map((each) => each.id).toSorted()).toEqual([id, later].toSorted());

    const name = await client('talk').renameConversation(id, 'Numbers', by);
    expect(name.data).toMatchObject({ id, name: 'Numbers' });
    const { data } = await client('talk').getConversationMessages(by, id, null, 1);
    expect(data).toMatchObject({ has_more: true, data: [{ query: 'two' }] });
    const elder = await client('talk').getConversationMessages(by, id, data.data[0].id);
    expect(elder.data).toMatchObject({ data: [{ query: 'one', feedback: null }] });

    await client('talk').messageFeedback(message, like, by);
    const rated = await client('talk').getConversationMessages(by, id);
    expect(rated.data.data[0]).toMatchObject({ id: message, feedback: { rating: 'like' } });

    expect((await client('talk').deleteConversation(id, by)).status).toBe(204);
    const gone = { response: { status: 404, data: { code: 'not_found', status: 404 } } };
    await expect(client('talk').getConversationMessages(by, id)).rejects.toMatchObject(gone);
    await expect(client('talk').deleteConversation(id, by)).rejects.toMatchObject(gone);
    expect((await client('talk').getConversations(by)).data.data).toMatchObject([{ id: later }]);
  });

  test('asks what it has no method for', async () => {
    const { conversation_id: id, message_id: message } = await begin('plan', 'one', user);
    // The client's types leave PUT out.
    const ask = async (method: string, path: string, data?: unknown, params?: object) =>
      (await client('plan').sendRequest(method as 'GET', path, data, params)).data;
    const path = `/conversations/${id}/variables`;
    const { data } = await ask('GET', path, null, { user });
    expect(data).toMatchObject([{ name: 'topic', value: '' }]);
    const [{ id: variable }] = data;
    await ask('PUT', `${path}/${variable}`, { user, value: 'numbers' });
    const set = await ask('GET', path, null, { user, variable_name: 'topic' });
    expect(set).toMatchObject({ data: [{ value: 'numbers' }] });
    const name = await ask('POST', `/conversations/${id}/name`, { user, auto_generate: true });
    expect(name).toMatchObject({ name: 'one' });
    const suggested = await ask('GET', `/messages/${message}/suggested`, null, { user });
    expect(suggested).toMatchObject({ result: 'success', data: expect.arrayContaining(['Why?']) });
    expect(await ask('GET', '/info')).toMatchObject({ mode: 'advanced-chat' });
    expect(await ask('GET', '/meta')).toEqual({ tool_icons: {} });
    expect(await ask('GET', '/site')).toMatchObject({ icon_type: 'emoji' });
  });

  test('is told of a wrong user, id and app in the same words', async () => {
    const { conversation_id: id, message_id: message } = await begin('talk', 'one', user);
    for (const [call, status, code] of [
      [() => client('talk').getConversationMessages('bob', id), 404, 'not_found'],
      [() => client('talk').renameConversation(id, 'mine', 'bob'), 404, 'not_found'],
      [() => client('talk').deleteConversation(id, 'bob'), 404, 'not_found'],
      [() => client('talk').messageFeedback(message, like, 'bob'), 404, 'not_found'],
      [() => client('talk').messageFeedback(message, like, ''), 400, 'invalid_param'],
      [() => client('talk').messageFeedback(message, good, user), 400, 'invalid_param'],
      [() => client('talk').renameConversation(id, '', user), 400, 'invalid_param'],
      [() => client('flow').getConversations(user), 400, 'not_chat_app'],
    ] as const) {
      // oxlint-disable-next-line no-await-in-loop
      await expect(call()).rejects.toMatchObject({ response: { status, data: { code, status } } });
    }
  });
});

test('a session whose conversation was deleted begins another one, with one call', async () => {
  const ask = async () => {
    const { id } = await stack().submit({
      type: 'workflow',
      app: 'talk',
      user,
      session_id: 'deleted',
      input: { inputs: {}, query: 'hi' },
    });
    return await stack().ended(id);
  };
  const conversationIn = ({ result }: JobView) => (result as WorkflowResult).conversation_id;
  const first = await ask();
  const id = conversationIn(first) ?? '';
  expect(conversationIn(await ask())).toBe(id);
  const client = new ChatClient(adminKey, `${stack().url}/apps/talk/v1`);
  expect((await client.deleteConversation(id, user)).status).toBe(204);
  const next = await ask();
  expect(next).toMatchObject({ state: 'completed', attempts: [{ outcome: 'succeeded' }] });
  expect(conversationIn(next)).not.toBe(id);
});

describe('errors', () => {
  test.for([
    ['a wrong key', 'app-invalid', {}, 401, 'unauthorized'],
    ['too many runs', 'app-1', { concurrency: 1 }, 429, 'too_many_requests'],
  ] as const)('%s carries status and code', async ([, key, limits, status, code]) => {
    simulator.state.limits.set(limits);
    simulator.state.behaviour.set({ dify: { nodeDelayMs: 100 } });
    const first = workflowClient().runWorkflow({ query: 'first' }, user);
    await expect.poll(() => [...simulator.state.ledger.entries()].length).toBe(1);
    const failed = workflowClient(key).runWorkflow({ query: 'second' }, user);
    await expect(failed).rejects.toMatchObject({ response: { status, data: { code, status } } });
    expect((await first).status).toBe(200);
  });
});
