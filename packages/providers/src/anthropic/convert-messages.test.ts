import type { ChatMessage } from '@sluice/contracts';
import { describe, expect, it } from 'vitest';

import { targetOf } from '../conformance/subject.ts';
import { convertMessages } from './convert-messages.ts';

const target = targetOf('anthropic', 'http://h');
const convert = (...messages: ChatMessage[]) => convertMessages(target, messages);
const text = (value: string) => ({ type: 'text', text: value });
const png = 'iVBORw0KGgo=';

describe('a conversation', () => {
  it('has its system and developer messages in the system prompt', () => {
    const converted = convert(
      { role: 'system', content: 'a' },
      { role: 'developer', content: [{ type: 'text', text: 'b' }] },
      { role: 'system', content: '' },
      { role: 'user', content: 'hi' },
    );
    expect(converted).toEqual({
      system: [text('a'), text('b')],
      messages: [{ role: 'user', content: [text('hi')] }],
    });
  });

  it.each([false, true])('is refused with a late system message, dropParams %s', (dropParams) => {
    const lenient = targetOf('anthropic', 'http://h', { dropParams });
    const late = () =>
      convertMessages(lenient, [
        { role: 'system', content: 'a' },
        { role: 'user', content: 'hi' },
        { role: 'developer', content: 'b' },
      ]);
    expect(late).toThrow(
      'cannot take input.messages[2].role: a developer message must stand before all others',
    );
  });

  it('has marks of the prompt cache where the client set them', () => {
    const mark = { type: 'ephemeral', ttl: '1h' } as const;
    expect(
      convert(
        {
          role: 'system',
          content: [
            { type: 'text', text: 'a' },
            { type: 'text', text: 'b' },
          ],
          cache_control: mark,
        },
        {
          role: 'user',
          content: [{ type: 'text', text: 'c', cache_control: { type: 'ephemeral' } }],
        },
      ),
    ).toEqual({
      system: [text('a'), { ...text('b'), cache_control: mark }],
      messages: [
        { role: 'user', content: [{ ...text('c'), cache_control: { type: 'ephemeral' } }] },
      ],
    });
  });

  it('has what the model thought back at its place, and no other vendor’s signature', () => {
    const { messages } = convert(
      { role: 'user', content: 'hi' },
      {
        role: 'assistant',
        content: 'so',
        reasoning: 'hm',
        reasoning_parts: [
          { type: 'thinking', thinking: 'hm', signature: 'S1' },
          { type: 'redacted_thinking', data: 'D', before_tool_call: 1 },
          { type: 'thought_signature', signature: 'G' },
        ],
        tool_calls: ['a', 'b'].map((id) => ({
          id,
          type: 'function' as const,
          function: { name: 'look', arguments: '{}' },
        })),
      },
    );
    expect(messages[1]?.content).toEqual([
      { type: 'thinking', thinking: 'hm', signature: 'S1' },
      text('so'),
      { type: 'tool_use', id: 'a', name: 'look', input: {} },
      { type: 'redacted_thinking', data: 'D' },
      { type: 'tool_use', id: 'b', name: 'look', input: {} },
    ]);
  });

  it('has a tool’s results in one message of the user, before what the user says', () => {
    const call = (id: string, args: string) => ({
      id,
      type: 'function' as const,
      function: { name: 'look', arguments: args },
    });
    const { messages } = convert(
      { role: 'user', content: 'look' },
      { role: 'assistant', content: null, tool_calls: [call('a', '{"at":1}'), call('b', '')] },
      { role: 'tool', tool_call_id: 'a', content: 'a tree' },
      { role: 'tool', tool_call_id: 'b', content: '' },
      { role: 'user', content: 'and?' },
      { role: 'assistant', content: 'so', refusal: 'no' },
    );
    expect(messages).toEqual([
      { role: 'user', content: [text('look')] },
      {
        role: 'assistant',
        content: [
          { type: 'tool_use', id: 'a', name: 'look', input: { at: 1 } },
          { type: 'tool_use', id: 'b', name: 'look', input: {} },
        ],
      },
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 'a', content: [text('a tree')] },
          { type: 'tool_result', tool_use_id: 'b' },
          text('and?'),
        ],
      },
      { role: 'assistant', content: [text('so'), text('no')] },
    ]);
  });

  it('has turns of one role merged and empty ones left out', () => {
    const { messages } = convert(
      { role: 'user', content: 'a' },
      { role: 'assistant', content: '' },
      { role: 'user', content: [text('b') as { type: 'text'; text: string }] },
    );
    expect(messages).toEqual([{ role: 'user', content: [text('a'), text('b')] }]);
  });
});

type UserContent = Extract<ChatMessage, { role: 'user' }>['content'];
type UserPart = Exclude<UserContent, string>[number];

describe('a part', () => {
  const image = (url: string): UserPart => ({ type: 'image_url', image_url: { url } });
  const file = (fields: object): UserPart => ({ type: 'file', file: fields });

  it.each<[string, UserPart, object]>([
    [
      'an image by URL',
      image('https://x/a.png'),
      { type: 'image', source: { type: 'url', url: 'https://x/a.png' } },
    ],
    [
      'an image as data',
      image(`data:image/png;base64,${png}`),
      { type: 'image', source: { type: 'base64', media_type: 'image/png', data: png } },
    ],
    [
      'a PDF',
      file({ file_data: `data:application/pdf;base64,${png}`, filename: 'a.pdf' }),
      {
        type: 'document',
        source: { type: 'base64', media_type: 'application/pdf', data: png },
        title: 'a.pdf',
      },
    ],
    [
      'a text',
      file({ file_data: `data:text/plain;base64,${Buffer.from('grüß').toString('base64')}` }),
      { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'grüß' } },
    ],
    [
      'an image as a file',
      file({ file_data: `data:image/png;base64,${png}` }),
      { type: 'image', source: { type: 'base64', media_type: 'image/png', data: png } },
    ],
    [
      'a file of Anthropic’s',
      file({ file_id: 'file_1' }),
      { type: 'document', source: { type: 'file', file_id: 'file_1' } },
    ],
  ])('that is %s is a block', (_name, part, block) => {
    const { messages } = convert({ role: 'user', content: [part] });
    expect(messages).toEqual([{ role: 'user', content: [block] }]);
    const result = convert({ role: 'tool', tool_call_id: 'a', content: [part] });
    expect(result.messages[0]?.content).toEqual([
      { type: 'tool_result', tool_use_id: 'a', content: [block] },
    ]);
  });

  it.each<[string, ChatMessage, string]>([
    [
      'audio',
      {
        role: 'user',
        content: [{ type: 'input_audio', input_audio: { data: 'x', format: 'wav' } }],
      },
      'messages[0].content[0]',
    ],
    [
      'an image by another URL',
      { role: 'user', content: [image('ftp://x')] },
      'messages[0].content[0].image_url.url',
    ],
    [
      'an image of the assistant',
      { role: 'assistant', content: [image('https://x')] },
      'messages[0].content[0]',
    ],
    [
      'a spreadsheet',
      { role: 'user', content: [file({ file_data: 'data:text/csv,a' })] },
      'messages[0].content[0].file.file_data',
    ],
    [
      'a file of nothing',
      { role: 'user', content: [file({ filename: 'a' })] },
      'messages[0].content[0].file',
    ],
    [
      'arguments that are no object',
      {
        role: 'assistant',
        tool_calls: [{ id: 'a', type: 'function', function: { name: 'f', arguments: '[' } }],
      },
      'messages[0].tool_calls[0].function.arguments',
    ],
  ])('that is %s is refused, whatever may be dropped', (_name, message, path) => {
    const lenient = { ...target, dropParams: true };
    const act = () => convertMessages(lenient, [message]);
    expect(act).toThrow(`acme (anthropic) cannot take input.${path}: `);
  });

  it.each<[ChatMessage, string]>([
    [{ role: 'user', content: 'hi', name: 'ada' }, 'messages[0].name'],
    [
      {
        role: 'user',
        content: [{ type: 'image_url', image_url: { url: 'https://x', detail: 'low' } }],
      },
      'messages[0].content[0].image_url.detail',
    ],
  ])(
    'with something that Anthropic has no word for is refused, or loses it: %o',
    (message, path) => {
      expect(() => convert(message)).toThrow(`cannot take input.${path}: `);
      const { messages } = convertMessages({ ...target, dropParams: true }, [message]);
      expect(messages).toHaveLength(1);
    },
  );
});
