import { expect, it } from 'vitest';

import { BlockAssembly } from './block-assembly.ts';

it('keeps what can be sent back of each thought, with the place of the call it stands before', () => {
  const blocks = new BlockAssembly();
  blocks.start(0, { type: 'thinking', thinking: '' });
  blocks.add(0, { type: 'thinking_delta', thinking: 'one' });
  blocks.add(0, { type: 'signature_delta', signature: 'S' });
  blocks.add(0, { type: 'signature_delta', signature: '1' });
  blocks.start(1, { type: 'text', text: 'Hi' });
  blocks.start(2, { type: 'tool_use', id: 'a', name: 'look', input: {} });
  blocks.start(3, { type: 'redacted_thinking', data: 'D' });
  blocks.start(4, { type: 'tool_use', id: 'b', name: 'look', input: {} });
  blocks.start(5, { type: 'thinking', thinking: 'unsigned' });
  expect(blocks.finish(undefined)).toMatchObject({
    content: 'Hi',
    reasoning: 'one\n\nunsigned',
    reasoning_parts: [
      { type: 'thinking', thinking: 'one', signature: 'S1' },
      { type: 'redacted_thinking', data: 'D', before_tool_call: 1 },
    ],
    tool_calls: [{ id: 'a' }, { id: 'b' }],
  });
});

it('says of each text where it comes from', () => {
  const told: object[] = [];
  const blocks = new BlockAssembly((delta) => told.push(delta));
  blocks.start(0, { type: 'text', text: 'So, ' });
  blocks.start(1, { type: 'text', text: '' });
  blocks.add(1, { type: 'text_delta', text: 'grass' });
  const place = { type: 'char_location', document_index: 0, cited_text: 'is green' };
  blocks.add(1, { type: 'citations_delta', citation: { ...place, document_title: 'Lawns' } });
  const web = { type: 'web_search_result_location', url: 'https://a.example', title: 'A' };
  blocks.start(2, { type: 'text', text: '!', citations: [web] });
  const annotations = [
    {
      type: 'document_citation',
      document_citation: {
        document_index: 0,
        document_title: 'Lawns',
        cited_text: 'is green',
        start_index: 4,
        end_index: 9,
      },
    },
    {
      type: 'url_citation',
      url_citation: { url: 'https://a.example', title: 'A', start_index: 9, end_index: 10 },
    },
  ];
  expect(blocks.finish(undefined)).toMatchObject({ content: 'So, grass!', annotations });
  expect(told.at(-1)).toEqual({ annotations });
});
