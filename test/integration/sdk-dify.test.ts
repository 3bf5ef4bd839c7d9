import { createSimulator } from '@sluice/simulator';
import { ChatClient, CompletionClient } from 'dify-client';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

/** The vendor's own client, unmodified, against the simulator: what it accepts is the protocol. */
const simulator = createSimulator();
const user = 'user-1';

/** The client's own types leave this method out. */
type WorkflowClient = CompletionClient & {
  runWorkflow(inputs: object, user: string, stream?: boolean): Promise<DifyResponse>;
};

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
  test('is run to its end', async () => {
    const { data } = await workflowClient().runWorkflow({ query: 'hello there' }, user);
    expect(data).toMatchObject({
      workflow_run_id: expect.any(String),
      data: { status: 'succeeded', outputs: { text: 'You said: hello there' } },
    });
  });

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
  test('holds a conversation, which can be read', async () => {
    const client = chatClient();
    const first = await client.createChatMessage({}, 'one', user, false, null, null);
    expect(first.data.answer).toBe('You said: one');
    const conversation: string = first.data.conversation_id;
    const second = await client.createChatMessage({}, 'two', user, false, conversation);
    expect(second.data.conversation_id).toBe(conversation);
    const { data } = await client.getConversationMessages(user, conversation);
    expect(data.data.map(({ query }: { query: string }) => query)).toEqual(['one', 'two']);
  });

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

describe('the other routes', () => {
  test('a completion app, parameters and files are answered', async () => {
    const completion = await completionClient().createCompletionMessage({ query: 'go' }, user);
    expect(completion.data.answer).toBe('You said: go');
    const parameters = await chatClient().getApplicationParameters(user);
    expect(parameters.data).toHaveProperty('user_input_form');
    const form = new FormData();
    form.append('file', new File(['hello'], 'note.txt', { type: 'text/plain' }));
    form.append('user', user);
    const { status, data } = await chatClient().fileUpload(form);
    expect(status).toBe(201);
    expect(data).toMatchObject({ name: 'note.txt', size: 5, extension: 'txt' });
  });
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
