import type { Config } from '@sluice/config';
import type { AppKind, ChatMessage } from '@sluice/contracts';
import { describe, expect, it } from 'vitest';

import { appText } from './app-text.ts';
import { toAppInput } from './to-app-input.ts';

/** All that is read of a configuration. */
const app = (kind: AppKind) =>
  ({ routes: { workflow: { a: { targets: [{ app: { kind } }] } } } }) as unknown as Pick<
    Config,
    'routes'
  >;
const user = (content: string): ChatMessage => ({ role: 'user', content });
const turns: ChatMessage[] = [
  { role: 'system', content: 'Be brief.' },
  user('One'),
  { role: 'assistant', content: 'Two' },
  user('Three'),
];
const asked = { messages: turns, hasSession: false, headers: {} };

describe('messages for an app', () => {
  it('are one question, with what was said before in front of it', () => {
    expect(toAppInput('a', asked, app('chat'))).toEqual({
      inputs: {},
      query: 'Be brief.\nuser: One\nassistant: Two\n\nuser: Three',
    });
    expect(toAppInput('a', { ...asked, hasSession: true }, app('chat')).query).toBe('Three');
    const only = { ...asked, messages: [user('Hi')] };
    expect(toAppInput('a', only, app('chat')).query).toBe('Hi');
  });

  it('are a variable of a workflow, beside those of the header', () => {
    const messages = [user('Hi')];
    expect(toAppInput('a', { ...asked, messages }, app('workflow')).inputs).toEqual({
      query: 'Hi',
    });
    const headers = {
      'x-dify-input-variable': 'topic',
      'x-dify-inputs': Buffer.from('{"tone":"süß"}').toString('latin1'),
    };
    expect(toAppInput('a', { ...asked, messages, headers }, app('workflow')).inputs).toEqual({
      topic: 'Hi',
      tone: 'süß',
    });
    for (const given of ['{', '[]', '{"__proto__":{}}']) {
      const bad = { ...asked, messages, headers: { 'x-dify-inputs': given } };
      expect(() => toAppInput('a', bad, app('workflow'))).toThrow(/X-Dify-Inputs: must be a JSON/);
    }
  });

  it('bring their images and files', () => {
    const messages: ChatMessage[] = [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Look' },
          { type: 'image_url', image_url: { url: 'https://example.com/a.png' } },
          { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } },
          {
            type: 'file',
            file: { file_data: 'data:application/pdf;base64,AAAA', filename: 'a.pdf' },
          },
        ],
      },
    ];
    expect(toAppInput('a', { ...asked, messages }, app('chat'))).toEqual({
      inputs: {},
      query: 'Look',
      files: [
        { type: 'image', transfer_method: 'remote_url', url: 'https://example.com/a.png' },
        {
          type: 'image',
          transfer_method: 'base64',
          data: 'AAAA',
          filename: 'image.png',
          mime_type: 'image/png',
        },
        {
          type: 'document',
          transfer_method: 'base64',
          data: 'AAAA',
          filename: 'a.pdf',
          mime_type: 'application/pdf',
        },
      ],
    });
  });

  it('must end with a question', () => {
    const messages: ChatMessage[] = [user('Hi'), { role: 'assistant', content: 'Ho' }];
    expect(() => toAppInput('a', { ...asked, messages }, app('chat'))).toThrow(/role user/);
  });
});

describe('the text of an app', () => {
  const result = { type: 'workflow' as const, status: 'succeeded' as const, error: null };
  it.each([
    [{ answer: 'a', outputs: { answer: 'a' } }, undefined, 'a'],
    [{ outputs: { summary: 'only' } }, undefined, 'only'],
    [{ outputs: { x: 1, text: 'named' } }, undefined, 'named'],
    [{ outputs: { x: 1, y: 2 } }, undefined, '{"x":1,"y":2}'],
    [{ outputs: { x: [1], y: 2 } }, 'x', '[1]'],
    [{ outputs: {} }, 'x', '{}'],
  ])('of %j, asked for %s, is %s', (said, variable, text) => {
    expect(appText({ ...result, ...said }, variable)).toBe(text);
  });
});
