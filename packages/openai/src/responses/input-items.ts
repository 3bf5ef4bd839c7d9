import type { ChatMessage } from '@sluice/contracts';

/** An item as it was asked, with an id to go on from. */
type ListedItem = { id: string; type: string } & Record<string, unknown>;

/** Messages of a chat as the items of a response's input, in their order. */
export function inputItems(jobId: string, messages: readonly ChatMessage[]): ListedItem[] {
  const rest = jobId.replace(/^job_/, '');
  return messages
    .flatMap((message) => itemsOf(message))
    .map((item, index) => ({ id: `item_${rest}_${index}`, ...item }));
}

function itemsOf(message: ChatMessage): ({ type: string } & Record<string, unknown>)[] {
  const status = 'completed';
  if (message.role === 'tool') {
    const { tool_call_id: id, content } = message;
    return [{ type: 'function_call_output', call_id: id, output: partsOrText(content), status }];
  }
  const { role } = message;
  const content = contentOf(message);
  const said = content.length > 0 ? [{ type: 'message', role, content, status }] : [];
  const calls = message.role === 'assistant' ? (message.tool_calls ?? []) : [];
  return [
    ...said,
    ...calls.map(({ id, function: { name, arguments: text } }) => ({
      type: 'function_call',
      call_id: id,
      name,
      arguments: text,
      status,
    })),
  ];
}

function partsOrText(content: ChatMessage['content']): unknown {
  return typeof content === 'string'
    ? content
    : contentOf({ role: 'user', content: content ?? '' });
}

function contentOf({ role, content }: Pick<ChatMessage, 'role' | 'content'>): object[] {
  const text = (of: string) =>
    role === 'assistant'
      ? { type: 'output_text', text: of, annotations: [] }
      : { type: 'input_text', text: of };
  if (typeof content === 'string') return content === '' ? [] : [text(content)];
  return (content ?? []).map((part) => {
    switch (part.type) {
      case 'text':
        return text(part.text);
      case 'image_url': {
        const { url, detail = 'auto' } = part.image_url;
        return { type: 'input_image', image_url: url, detail };
      }
      case 'input_audio':
        return { type: 'input_audio', input_audio: part.input_audio };
      case 'file':
        return { type: 'input_file', ...part.file };
    }
  });
}
