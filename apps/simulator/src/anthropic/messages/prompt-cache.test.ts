import { describe, expect, test } from 'vitest';
import { systemClock } from '../../clock.ts';
import { startSimulator } from '../../test-client.ts';
import type { TestClient } from '../../test-client.ts';
import { messageBody, postMessage } from '../test-messages.ts';

const EPHEMERAL = { type: 'ephemeral' };
const LONG = 'x'.repeat(4000);

function marked(text: string, control: object = EPHEMERAL): object {
  return { type: 'text', text, cache_control: control };
}

/** Fresh, written and read input tokens of a call. */
async function use(client: TestClient, body: object, key = 'key-1'): Promise<number[]> {
  const { usage } = await (await postMessage(client, body, { key })).json();
  const { input_tokens, cache_creation_input_tokens, cache_read_input_tokens } = usage;
  return [input_tokens, cache_creation_input_tokens, cache_read_input_tokens];
}

describe('the prompt cache', () => {
  test('is written up to a mark, and read by the next call', async () => {
    const client = await startSimulator();
    const body = (question: string) => messageBody(question, { system: [marked(LONG)] });
    expect(await use(client, body('one!'))).toEqual([1, 1000, 0]);
    expect(await use(client, body('two!'))).toEqual([1, 0, 1000]);
    const [first, second] = client.entries();
    expect(first).toMatchObject({ inputTokens: 1001, reservedTokens: 1001 });
    expect(second).toMatchObject({ inputTokens: 1001, reservedTokens: 1 });
    expect(first!.costUsd).toBeGreaterThan(second!.costUsd * 5);
  });

  test('is left alone without a mark', async () => {
    const client = await startSimulator();
    const body = messageBody('one!', { system: LONG });
    expect(await use(client, body)).toEqual([1001, 0, 0]);
    expect(await use(client, body)).toEqual([1001, 0, 0]);
  });

  test('grows with a conversation', async () => {
    const client = await startSimulator();
    const turn = (role: string, text: string, isMarked = false) => ({
      role,
      content: [isMarked ? marked(text) : { type: 'text', text }],
    });
    const first = { ...messageBody(''), messages: [turn('user', LONG, true)] };
    const messages = [turn('user', LONG), turn('assistant', LONG), turn('user', LONG, true)];
    expect(await use(client, first)).toEqual([0, 1000, 0]);
    expect(await use(client, { ...first, messages })).toEqual([0, 2000, 1000]);
  });

  test('may be asked for by the request as a whole', async () => {
    const client = await startSimulator();
    const body = messageBody(LONG, { cache_control: EPHEMERAL });
    expect(await use(client, body)).toEqual([0, 1000, 0]);
    expect(await use(client, body)).toEqual([0, 0, 1000]);
  });

  test('is not shared by keys, models or other prompts', async () => {
    const client = await startSimulator();
    const body = messageBody('one!', { system: [marked(LONG)] });
    await use(client, body);
    expect(await use(client, body, 'key-2')).toEqual([1, 1000, 0]);
    expect(await use(client, { ...body, model: 'sim-chat-large' })).toEqual([1, 1000, 0]);
    const other = messageBody('one!', { system: [marked(`y${LONG}`)] });
    expect(await use(client, other)).toEqual([1, 1001, 0]);
    client.simulator.reset();
    expect(await use(client, body)).toEqual([1, 1000, 0]);
  });

  test('tells what lives for an hour apart, and forgets the rest after five minutes', async () => {
    let passedMs = 0;
    const clock = { ...systemClock, now: () => systemClock.now() + passedMs };
    const client = await startSimulator({ clock });
    const system = [marked(LONG, { type: 'ephemeral', ttl: '1h' }), marked(LONG)];
    const body = messageBody('one!', { system });
    const response = await postMessage(client, body);
    expect((await response.json()).usage.cache_creation).toEqual({
      ephemeral_5m_input_tokens: 1000,
      ephemeral_1h_input_tokens: 1000,
    });
    passedMs = 299_000;
    expect(await use(client, body)).toEqual([1, 0, 2000]);
    passedMs = 2 * 299_000;
    expect(await use(client, body)).toEqual([1, 0, 2000]);
    passedMs = 2 * 299_000 + 301_000;
    expect(await use(client, body)).toEqual([1, 1000, 1000]);
  });
});
