import { waitFor } from '@sluice/testing';
import { describe, expect, test } from 'vitest';
import { parseEvents, startSimulator } from '../../test-client.ts';
import type { VendorJson } from '../../test-client.ts';

const CHAT = '/dify/v1/chat-messages';
const COMPLETION = '/dify/v1/completion-messages';

function body(mode: 'streaming' | 'blocking', more: object = {}): object {
  return { query: 'hello', inputs: {}, user: 'user-1', response_mode: mode, ...more };
}

function names(events: VendorJson[]): string[] {
  return events.map((event) => event.event ?? event);
}

describe('a chat app', () => {
  const key = 'app-chat-1';

  test('answers whole', async () => {
    const client = await startSimulator();
    const answer = await (await client.post(CHAT, body('blocking'), { key })).json();
    expect(answer).toMatchObject({
      event: 'message',
      mode: 'chat',
      answer: 'You said: hello',
      metadata: { usage: { prompt_tokens: 2, completion_tokens: 4, currency: 'USD' } },
    });
    expect(answer.id).toBe(answer.message_id);
    expect(client.entries()[0]).toMatchObject({
      kind: 'chat-message',
      outcome: 'bought',
      inputTokens: 2,
      outputTokens: 4,
    });
  });

  test('answers in pieces', async () => {
    const client = await startSimulator();
    const response = await client.post(CHAT, body('streaming'), { key });
    const events = parseEvents(await response.text());
    expect(names(events)).toEqual(['event: ping', 'message', 'message', 'message', 'message_end']);
    const told = events.slice(1);
    expect(
      told
        .slice(0, -1)
        .map((event) => event.answer)
        .join(''),
    ).toBe('You said: hello');
    for (const event of told) {
      expect(event).toMatchObject({
        task_id: told[0].task_id,
        message_id: told[0].message_id,
        conversation_id: told[0].conversation_id,
        created_at: expect.any(Number),
      });
    }
    expect(told.at(-1).metadata.usage.total_tokens).toBe(6);
  });

  test('keeps a conversation, for its user only', async () => {
    const client = await startSimulator();
    const ask = async (more: object) => client.post(CHAT, body('blocking', more), { key });
    const { conversation_id: id } = await (await ask({})).json();
    const second = await (await ask({ conversation_id: id, query: 'again' })).json();
    expect(second.conversation_id).toBe(id);
    expect((await ask({ conversation_id: id, user: 'user-2' })).status).toBe(404);
    expect((await ask({ conversation_id: 'nothing' })).status).toBe(404);
    const path = `/dify/v1/messages?conversation_id=${id}`;
    const list = await (await client.get(`${path}&user=user-1`, { key })).json();
    expect(list.data.map((message: { answer: string }) => message.answer)).toEqual([
      'You said: hello',
      'You said: again',
    ]);
    expect((await client.get(`${path}&user=user-2`, { key })).status).toBe(404);
  });

  test('stops for the user who asked, not for others', async () => {
    const client = await startSimulator();
    client.simulator.state.behaviour.set({ chunkDelayMs: 60_000 });
    const response = await client.post(CHAT, body('streaming'), { key });
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    while (!text.includes('"message"')) text += (await reader.read()).value;
    const { task_id: taskId } = parseEvents(text).at(-1);
    const stop = (user: string) => client.post(`${CHAT}/${taskId}/stop`, { user }, { key });
    expect(await (await stop('user-2')).json()).toEqual({ result: 'success' });
    expect(client.entries()[0]?.outcome).toBe('open');
    await stop('user-1');
    for (let part = await reader.read(); !part.done; part = await reader.read()) text += part.value;
    expect(names(parseEvents(text)).at(-1)).toBe('message_end');
    expect(client.entries()[0]).toMatchObject({ outcome: 'aborted', outputTokens: 1 });
  });

  test('stops when its client leaves', async () => {
    const client = await startSimulator();
    client.simulator.state.behaviour.set({ chunkDelayMs: 60_000 });
    const response = await client.post(CHAT, body('streaming'), { key });
    await response.body?.cancel();
    await waitFor(() => client.entries()[0]?.outcome === 'aborted');
  });

  test('tells a failure in the stream, or as a 400', async () => {
    const client = await startSimulator();
    client.simulator.state.behaviour.set({ dify: { outcome: 'failed', error: 'no model' } });
    const response = await client.post(CHAT, body('streaming'), { key });
    expect(response.status).toBe(200);
    expect(parseEvents(await response.text()).at(-1)).toMatchObject({
      event: 'error',
      code: 'completion_request_error',
      message: 'no model',
      status: 400,
    });
    const blocking = await client.post(CHAT, body('blocking'), { key });
    expect(blocking.status).toBe(400);
    expect((await blocking.json()).code).toBe('completion_request_error');
  });
});

describe('a chatflow', () => {
  const key = 'app-chatflow-1';

  test('tells nodes, message and end, and runs on when its client leaves', async () => {
    const client = await startSimulator();
    const response = await client.post(CHAT, body('streaming'), { key });
    const events = parseEvents(await response.text());
    expect(names(events).slice(-4)).toEqual([
      'node_started',
      'node_finished',
      'message_end',
      'workflow_finished',
    ]);
    const answer = events.filter((event) => event.event === 'message');
    expect(answer.map((event) => event.answer).join('')).toBe('You said: hello');
    expect(answer[0]).toMatchObject({ from_variable_selector: ['llm', 'text'] });
    expect(answer[0].workflow_run_id).toBe(events.at(-1).data.id);

    const leaving = await client.post(CHAT, body('streaming'), { key });
    await leaving.body?.cancel();
    await waitFor(() => client.entries().at(-1)?.outcome === 'bought');
  });

  test('that fails ends with workflow_finished and an error', async () => {
    const client = await startSimulator();
    client.simulator.state.behaviour.set({ dify: { outcome: 'failed' } });
    const response = await client.post(CHAT, body('streaming'), { key });
    const events = parseEvents(await response.text());
    expect(names(events).slice(-2)).toEqual(['workflow_finished', 'error']);
    expect(names(events)).not.toContain('message_end');
  });

  test('that pauses answers so', async () => {
    const client = await startSimulator();
    client.simulator.state.behaviour.set({ dify: { outcome: 'paused' } });
    const answer = await (await client.post(CHAT, body('blocking'), { key })).json();
    expect(answer).toMatchObject({
      event: 'workflow_paused',
      workflow_run_id: expect.any(String),
      data: { status: 'paused', reasons: [{ type: 'human_input_required' }] },
    });
  });
});

test('an agent app thinks first, and only streams', async () => {
  const client = await startSimulator();
  const key = 'app-agent-1';
  const events = parseEvents(await (await client.post(CHAT, body('streaming'), { key })).text());
  expect(names(events).slice(0, 3)).toEqual(['event: ping', 'agent_thought', 'agent_message']);
  expect(names(events).at(-1)).toBe('message_end');
  expect((await client.post(CHAT, body('blocking'), { key })).status).toBe(400);
});

test('a completion app answers without a conversation', async () => {
  const client = await startSimulator();
  const key = 'app-completion-1';
  const request = { inputs: { query: 'hello' }, user: 'user-1' };
  const answer = await (await client.post(COMPLETION, request, { key })).json();
  expect(answer).toMatchObject({ mode: 'completion', answer: 'You said: hello' });
  expect(answer).not.toHaveProperty('conversation_id');
  expect(client.entries()[0]?.kind).toBe('completion-message');
});

test.for([
  ['a workflow app asked to chat', CHAT, 'app-1', 'not_chat_app'],
  ['a chat app asked to complete', COMPLETION, 'app-chat-1', 'app_unavailable'],
  ['no query', CHAT, 'app-chat-1', 'invalid_param'],
] as const)('%s is refused', async ([, path, key, code]) => {
  const client = await startSimulator();
  const response = await client.post(path, { inputs: {}, user: 'u' }, { key });
  expect(response.status).toBe(400);
  expect((await response.json()).code).toBe(code);
});
