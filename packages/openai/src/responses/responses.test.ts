import { parseWireBody } from '@sluice/config';
import { joinDeltas, type ChatResult, type CompletedJob, type TextDelta } from '@sluice/contracts';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { outputOf } from './output-items.ts';
import { responseBody, tidyResponseBody } from './response-body.ts';
import type { KnownResponse } from './response-object.ts';
import { ResponseStream } from './response-stream.ts';
import { toMessages } from './to-messages.ts';

const request: KnownResponse = {
  jobId: 'job_1',
  type: 'chat',
  model: 'm',
  input: { messages: [{ role: 'user', content: 'x' }] },
  createdAtMs: 1_000,
  response: { background: true },
};

/** Pieces of an answer of every kind, in the order in which models say them. */
const pieces = fc
  .record({
    reasoning: fc.array(fc.string({ minLength: 1 }), { maxLength: 3 }),
    content: fc.array(fc.string({ minLength: 1 }), { maxLength: 4 }),
    calls: fc.array(fc.array(fc.string(), { maxLength: 3 }), { maxLength: 3 }),
  })
  .map(({ reasoning, content, calls }): TextDelta[] => [
    ...reasoning.map((text) => ({ reasoning: text })),
    ...content.map((text) => ({ content: text })),
    ...calls.flatMap((parts, index): TextDelta[] => [
      {
        tool_calls: [
          { index, id: `c${index}`, type: 'function', function: { name: 'f', arguments: '' } },
        ],
      },
      ...parts.map((text) => ({ tool_calls: [{ index, function: { arguments: text } }] })),
    ]),
  ]);

function jobOf(all: readonly TextDelta[]): CompletedJob {
  const whole = all.reduce<TextDelta>((sum, delta) => joinDeltas(sum, delta), {});
  const { content = null, reasoning, tool_calls: calls } = whole;
  const message = {
    role: 'assistant',
    content,
    ...(reasoning !== undefined && { reasoning }),
    ...(calls && { tool_calls: calls.map(({ index: _index, ...call }) => call) }),
  } as ChatResult['message'];
  const result: ChatResult = { type: 'chat', message, finish_reason: { unified: 'stop', raw: '' } };
  return { ...request, state: 'completed', result, endedAtMs: 2_000 } as unknown as CompletedJob;
}

interface Sent {
  type: string;
  sequence_number: number;
  output_index?: number;
  item?: { id: string };
  delta?: string;
  response?: { output: { id: string }[] };
}

function eventsOf(all: readonly TextDelta[], startingAfter?: number): Sent[] {
  const stream = new ResponseStream({ request, startingAfter });
  const at = new Date(1_000).toISOString();
  const frames = [
    stream.event({ id: '0', type: 'queued', at }),
    stream.event({ id: '1', type: 'in_progress', at }),
    ...all.map((delta) => stream.delta(delta)),
    stream.end(jobOf(all)),
  ].join('');
  return frames
    .split('\n\n')
    .filter((frame) => frame !== '')
    .map((frame) => JSON.parse(frame.slice(frame.indexOf('data: ') + 6)) as Sent);
}

describe('the events of a response', () => {
  it('are numbered without a gap, open and close each item once, and end with the whole', () => {
    fc.assert(
      fc.property(pieces, (all) => {
        const events = eventsOf(all);
        expect(events.map((event) => event.sequence_number)).toEqual(events.map((_, at) => at));
        const of = (type: string) => events.filter((event) => event.type === type);
        const opened = of('response.output_item.added').map(({ item }) => item?.id);
        expect(of('response.output_item.done').map(({ item }) => item?.id)).toEqual(opened);
        const last = events.at(-1);
        expect(last?.type).toBe('response.completed');
        expect(last?.response?.output.map(({ id }) => id)).toEqual(opened);
        const said = of('response.output_text.delta').map(({ delta }) => delta);
        expect(said.join('')).toBe(all.map(({ content = '' }) => content).join(''));
      }),
    );
  });

  it('go on behind any of them, exactly', () => {
    fc.assert(
      fc.property(pieces, fc.nat(40), (all, after) => {
        const events = eventsOf(all);
        const resumed = eventsOf(all, after);
        if (after < events.length) expect(resumed).toEqual(events.slice(after + 1));
        else expect(resumed.at(-1)?.type).toBe('response.completed');
      }),
    );
  });
});

describe('items that are sent back', () => {
  it('are the message that the model said', () => {
    const message: ChatResult['message'] = {
      role: 'assistant',
      content: 'Let me look.',
      reasoning: 'Hm.',
      reasoning_parts: [{ type: 'thinking', thinking: 'Hm.', signature: 's' }],
      tool_calls: [{ id: 'c1', type: 'function', function: { name: 'f', arguments: '{}' } }],
    };
    const reason = { unified: 'tool_calls' as const, raw: 'tool_calls' };
    const output = outputOf('job_1', { type: 'chat', message, finish_reason: reason });
    const result = { type: 'function_call_output', call_id: 'c1', output: 'sunny' };
    const body = { model: 'm', input: [{ role: 'user', content: 'x' }, ...output, result] };
    const { input } = parseWireBody(tidyResponseBody(body), responseBody);
    expect(toMessages(input)).toEqual([
      { role: 'user', content: 'x' },
      message,
      { role: 'tool', tool_call_id: 'c1', content: 'sunny' },
    ]);
  });

  it('carry no thought that another server has sealed', () => {
    const summary = [{ type: 'summary_text' as const, text: 'Hm.' }];
    for (const sealed of ['gAAAA', Buffer.from('[{"type":"x"}]').toString('base64'), '']) {
      const item = { type: 'reasoning' as const, summary, encrypted_content: sealed };
      expect(toMessages([item])).toEqual([{ role: 'assistant', content: null, reasoning: 'Hm.' }]);
    }
  });
});
