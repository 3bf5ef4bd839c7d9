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
