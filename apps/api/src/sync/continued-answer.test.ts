import { joinDeltas, type TextDelta, type ToolCallDelta } from '@sluice/contracts';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { ContinuedAnswer } from './continued-answer.ts';

/** An answer, cut into pieces somewhere. */
const pieces = fc
  .record({
    content: fc.string(),
    calls: fc.array(fc.record({ name: fc.string({ minLength: 1 }), text: fc.string() }), {
      maxLength: 3,
    }),
    size: fc.integer({ min: 1, max: 7 }),
  })
  .map(({ content, calls, size }) => {
    const cut = (text: string) => text.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? [];
    const texts: TextDelta[] = cut(content).map((part) => ({ content: part }));
    const called = calls.flatMap(({ name, text }, index) => {
      const opening: ToolCallDelta = { index, id: `call_${index}`, type: 'function' };
      const first = { ...opening, function: { name, arguments: '' } };
      const rest = cut(text).map((part) => ({ index, function: { arguments: part } }));
      return [first, ...rest].map((call): TextDelta => ({ tool_calls: [call] }));
    });
    return [...texts, ...called];
  });

const join = (deltas: readonly TextDelta[]) =>
  deltas.reduce<TextDelta>((sum, delta) => joinDeltas(sum, delta), {});

describe('an answer that goes on', () => {
  it('adds up to the last run, wherever earlier runs with the same words broke off', () => {
    fc.assert(
      fc.property(pieces, fc.array(fc.nat(20), { maxLength: 3 }), (all, breaks) => {
        const answer = new ContinuedAnswer();
        const told: TextDelta[] = [];
        for (const end of breaks) {
          for (const piece of all.slice(0, end)) told.push(answer.add(piece));
          answer.restart();
        }
        for (const piece of all) told.push(answer.add(piece));
        told.push(answer.finish(join(all)));
        expect(join(told)).toEqual(join(all));
      }),
    );
  });

  it('takes the whole in one piece after a beginning, as from an answer whose pieces are gone', () => {
    const answer = new ContinuedAnswer();
    answer.add({ content: 'Hel' });
    answer.restart();
    expect(answer.add({ content: 'Hello' })).toEqual({ content: 'lo' });
    expect(answer.finish({ content: 'Hello!' })).toEqual({ content: '!' });
  });

  it('is an error when it says something else than was told', () => {
    const answer = new ContinuedAnswer();
    answer.add({ content: 'Hello' });
    answer.restart();
    expect(answer.add({ content: 'He' })).toEqual({});
    expect(() => answer.add({ content: 'y' })).toThrow(/began again with another text/);
    const other = new ContinuedAnswer();
    other.add({ content: 'Hello' });
    expect(() => other.finish({ content: 'Bye' })).toThrow(/began again/);
  });

  it('that had said nothing begins anew with anything', () => {
    const answer = new ContinuedAnswer();
    answer.restart();
    expect(answer.add({ content: 'Hello' })).toEqual({ content: 'Hello' });
  });
});
