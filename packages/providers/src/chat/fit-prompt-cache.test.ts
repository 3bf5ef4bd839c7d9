import type { ChatInput } from '@sluice/contracts';
import { describe, expect, it } from 'vitest';

import { targetOf } from '../conformance/subject.ts';
import { fitPromptCache } from './fit-prompt-cache.ts';

const mark = { type: 'ephemeral', ttl: '1h' } as const;
const tool = { type: 'function' as const, function: { name: 'look' } };
const plain: ChatInput = {
  messages: [
    { role: 'system', content: 'a' },
    { role: 'user', content: [{ type: 'text', text: 'b' }] },
    { role: 'assistant', content: null },
  ],
  tools: [tool],
};
const none = { marks: false, keys: false, contents: false };
const all = { marks: true, keys: true, contents: true };

function fit(more: Partial<ChatInput>, { dropParams = false, known = none } = {}) {
  return fitPromptCache(targetOf('any', 'http://h', { dropParams }), { ...plain, ...more }, known);
}

describe('what steers a prompt cache', () => {
  it.each<[string, Partial<ChatInput>]>([
    [
      'messages[0].cache_control',
      { messages: [{ role: 'system', content: 'a', cache_control: mark }] },
    ],
    [
      'messages[0].content[0].cache_control',
      { messages: [{ role: 'user', content: [{ type: 'text', text: 'b', cache_control: mark }] }] },
    ],
    ['tools[0].cache_control', { tools: [{ ...tool, cache_control: mark }] }],
    ['prompt_cache_key', { prompt_cache_key: 'k' }],
    ['prompt_cache_retention', { prompt_cache_retention: '24h' }],
    ['prompt_cache_options', { prompt_cache_options: { mode: 'explicit' } }],
    ['cache_control', { cache_control: mark }],
    ['cached_content', { cached_content: 'cachedContents/7' }],
  ])('is refused at %s where it is not known, or dropped', (path, more) => {
    expect(() => fit(more)).toThrow(`cannot take input.${path}: `);
    expect(JSON.stringify(fit(more, { dropParams: true }))).not.toMatch(/cache/);
    expect(fit(more, { known: all })).toEqual({ ...plain, ...more });
  });

  it('is not missed where there is none', () => {
    expect(fit({})).toEqual(plain);
  });
});
