import { waitFor } from '@sluice/testing';
import { describe, expect, test } from 'vitest';
import { startSimulator } from '../../test-client.ts';
import type { TestClient } from '../../test-client.ts';
import { messageBody, parseNamedEvents, postMessage } from '../test-messages.ts';
import type { NamedEvent } from '../test-messages.ts';

const WEATHER = {
  name: 'get_weather',
  input_schema: { type: 'object', properties: { city: { type: 'string' } } },
};

async function stream(
  client: TestClient,
  content: string,
  more: object = {},
): Promise<NamedEvent[]> {
  const response = await postMessage(client, messageBody(content, { stream: true, ...more }));
  expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
  return parseNamedEvents(await response.text());
}

function deltas(events: NamedEvent[], field: string): string[] {
  return events.flatMap(({ data }) => data.delta?.[field] ?? []);
}

describe('a streamed message', () => {
  test('is a start, its blocks, a delta with the whole usage, and a stop', async () => {
    const client = await startSimulator();
    const events = await stream(client, 'hello there');
    expect(events.map(({ event }) => event)).toEqual([
      'message_start',
      'content_block_start',
      'ping',
      'content_block_delta',
      'content_block_delta',
      'content_block_delta',
      'content_block_delta',
      'content_block_stop',
      'message_delta',
      'message_stop',
    ]);
    expect(events.every(({ event, data }) => data.type === event)).toBe(true);
    expect(events[0]?.data.message).toMatchObject({
      type: 'message',
      content: [],
      stop_reason: null,
      usage: { input_tokens: 3, output_tokens: 1 },
    });
    expect(events[1]?.data).toEqual({
      type: 'content_block_start',
      index: 0,
      content_block: { type: 'text', text: '' },
    });
    expect(deltas(events, 'text')).toEqual(['You', ' said:', ' hello', ' there']);
    expect(events.at(-2)?.data).toMatchObject({
      delta: { stop_reason: 'end_turn', stop_sequence: null },
      usage: { input_tokens: 3, output_tokens: 6 },
    });
    expect(client.entries()[0]).toMatchObject({ outcome: 'bought', outputTokens: 6 });
  });

  test('sends thoughts and their signature before the text', async () => {
    const client = await startSimulator();
    const events = await stream(client, 'hello', { thinking: { type: 'adaptive' } });
    expect(deltas(events, 'thinking').join('')).toBe('Thinking about: hello');
    expect(deltas(events, 'signature')).toHaveLength(1);
    expect(deltas(events, 'text').join('')).toBe('You said: hello');
    const indexes = events.filter(({ event }) => event === 'content_block_start');
    expect(indexes.map(({ data }) => data.content_block.type)).toEqual(['thinking', 'text']);
    expect(events.at(-2)?.data.usage.output_tokens_details).toEqual({ thinking_tokens: 6 });
  });

  test('sends the arguments of a tool in pieces of JSON', async () => {
    const client = await startSimulator();
    const events = await stream(client, 'use get_weather', { tools: [WEATHER] });
    expect(events[1]?.data.content_block).toEqual({
      type: 'tool_use',
      id: 'toolu_1_1_get_weather',
      name: 'get_weather',
      input: {},
      caller: { type: 'direct' },
    });
    const parts = deltas(events, 'partial_json');
    expect(parts.length).toBeGreaterThan(2);
    expect(parts[0]).toBe('');
    expect(JSON.parse(parts.join(''))).toEqual({ city: 'use get_weather' });
    expect(deltas(events, 'stop_reason')).toEqual(['tool_use']);
  });

  test('without content has no blocks', async () => {
    const client = await startSimulator();
    const events = await stream(client, 'hello', { max_tokens: 0 });
    expect(events.map(({ event }) => event)).toEqual([
      'message_start',
      'message_delta',
      'message_stop',
    ]);
    expect(events[0]?.data.message.usage.output_tokens).toBe(0);
  });

  test('that its client leaves midway is booked as aborted with what was said', async () => {
    const client = await startSimulator();
    client.simulator.state.behaviour.set({ chunkDelayMs: 20, chunks: 100 });
    const body = messageBody('x'.repeat(400), { stream: true });
    const response = await postMessage(client, body);
    const reader = response.body!.getReader();
    for (let chunk = 0; chunk < 6; chunk += 1) await reader.read();
    await reader.cancel();
    await waitFor(() => client.entries()[0]?.outcome === 'aborted');
    const [entry] = client.entries();
    expect(entry?.outputTokens).toBeGreaterThan(0);
    expect(entry?.outputTokens).toBeLessThan(100);
  });
});
