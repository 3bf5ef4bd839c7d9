import type { Reply } from '../../server/call.ts';
import { invalidParameter } from '../errors.ts';

/** The input of a response as the messages of a chat. */
export function readItems(input: unknown): { messages: object[] } | Reply {
  if (typeof input === 'string') return { messages: [{ role: 'user', content: input }] };
  if (!Array.isArray(input)) {
    const message = "Missing required parameter: 'input'.";
    return invalidParameter(message, 'input', 'missing_required_parameter');
  }
  const messages: object[] = [];
  for (const [index, item] of input.entries()) {
    const read = readItem(item as Record<string, unknown>, `input[${index}]`);
    if ('status' in read) return read;
    messages.push(...read.messages);
  }
  return { messages };
}

function readItem(item: Record<string, unknown>, param: string): { messages: object[] } | Reply {
  const { type = 'message', role, content } = item;
  switch (type) {
    case 'message':
      return { messages: [{ role, content: readContent(content) }] };
    case 'function_call':
      return { messages: [{ role: 'assistant', content: null }] };
    case 'function_call_output': {
      const { call_id: id, output } = item;
      return { messages: [{ role: 'tool', tool_call_id: id, content: readContent(output) }] };
    }
    case 'reasoning':
      if (typeof item.encrypted_content === 'string') return { messages: [] };
      return invalidParameter(
        `Item '${String(item.id)}' of type 'reasoning' was not found.`,
        param,
        'not_found',
      );
    default:
      return invalidParameter(`Invalid value: '${String(type)}'.`, `${param}.type`);
  }
}

/** Text parts have other names here; media stay what they are. */
function readContent(content: unknown): unknown {
  if (!Array.isArray(content)) return content;
  return content.map((part: Record<string, unknown>) =>
    typeof part.text === 'string' || typeof part.refusal === 'string'
      ? { type: 'text', text: part.text ?? part.refusal }
      : part,
  );
}
