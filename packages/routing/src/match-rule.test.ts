import { describe, expect, it } from 'vitest';

import type { RuleConditions } from '@sluice/config';
import type { ChatInput } from '@sluice/contracts';

import { matchRule, type RoutedJob } from './match-rule.ts';

const say = (content: string, more: Partial<ChatInput> = {}): ChatInput => ({
  messages: [{ role: 'user', content }],
  ...more,
});
const tools: ChatInput['tools'] = [{ type: 'function', function: { name: 'look_up' } }];
const picture: ChatInput = {
  messages: [
    {
      role: 'user',
      content: [{ type: 'image_url', image_url: { url: 'https://x.test/a.png' } }],
    },
  ],
};

function matches(when: RuleConditions, job: Partial<RoutedJob>): boolean {
  const whole: RoutedJob = { input: say('Hello'), priority: 'normal', ...job };
  return matchRule([{ name: 'r', model: 'm', when }], whole) !== undefined;
}

describe('matchRule', () => {
  it.each<[RuleConditions, Partial<RoutedJob>, boolean]>([
    [{ keywords: ['explain why'] }, { input: say('Please EXPLAIN WHY it rains') }, true],
    [{ keywords: ['explain why', 'rain'] }, { input: say('It rains') }, true],
    [{ keywords: ['snow'] }, { input: say('It rains') }, false],
    [{ regex: '(?i)\\bselect\\b.+\\bfrom\\b' }, { input: say('SELECT a FROM b') }, true],
    [{ regex: '^select' }, { input: say('SELECT a FROM b') }, false],
    [{ minInputTokens: 1_000 }, { input: say('x'.repeat(4_100)) }, true],
    [{ minInputTokens: 1_000 }, { input: say('x'.repeat(3_800)) }, false],
    [{ maxInputTokens: 1_000 }, { input: say('x'.repeat(4_100)) }, false],
    [{ tools: true }, { input: say('x', { tools }) }, true],
    [{ tools: true }, {}, false],
    [{ tools: false }, {}, true],
    [{ vision: true }, { input: picture }, true],
    [{ vision: true }, {}, false],
    [{ metadata: { tier: 'gold' } }, { metadata: { tier: 'gold', team: 'a' } }, true],
    [{ metadata: { tier: 'gold' } }, { metadata: { tier: 'iron' } }, false],
    [{ metadata: { constructor: 'x' } }, {}, false],
    [{ priority: ['high'] }, { priority: 'high' }, true],
    [{ priority: ['high'] }, {}, false],
    [{ tools: true, keywords: ['hello'] }, { input: say('Hello') }, false],
    [{ regex: 'rain' }, { input: { input: ['sun', 'rain'] } }, true],
    [{ regex: 'rain' }, { input: { query: 'rain', documents: ['x'] } }, true],
  ])('%j of %j: %s', (when, job, expected) => {
    expect(matches(when, job)).toBe(expected);
  });

  it('takes the first rule that matches', () => {
    const rules = ['a', 'b'].map((name) => ({ name, model: name, when: { tools: false } }));
    expect(matchRule(rules, { input: say('x'), priority: 'low' })?.name).toBe('a');
    expect(matchRule([], { input: say('x'), priority: 'low' })).toBeUndefined();
  });

  it('reads what the user said, not the instructions', () => {
    const input: ChatInput = {
      messages: [
        { role: 'system', content: 'analyze' },
        { role: 'user', content: 'first' },
        { role: 'assistant', content: 'analyze' },
        { role: 'user', content: 'last' },
      ],
    };
    expect(matches({ keywords: ['analyze'] }, { input })).toBe(false);
    expect(matches({ regex: '^first\nlast$' }, { input })).toBe(true);
  });

  it('takes no longer for a pattern that makes others try every way', () => {
    const started = performance.now();
    expect(matches({ regex: '^(a+)+$' }, { input: say(`${'a'.repeat(7_000)}!`) })).toBe(false);
    // With backtracking it would not end in the life of this machine.
    expect(performance.now() - started).toBeLessThan(2_000);
  });
});
