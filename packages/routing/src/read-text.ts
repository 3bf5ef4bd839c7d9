import { listEmbeddingTexts, type ChatInput, type RunInput } from '@sluice/contracts';

/**
 * How much text rules read, in UTF-16 units. RE2 takes time in proportion to the text, but not little: it bounds what one
 * request may cost the API.
 */
export const longestText = 8_000;

/**
 * What a client asks, for rules to look at: the text of its last messages as user, of an embedding or a ranking's query.
 * Its last {@link longestText} units: the question mostly stands at the end.
 */
export function readText(input: RunInput): string {
  const parts: string[] = [];
  let length = 0;
  for (const text of latestFirst(input)) {
    parts.push(text);
    length += text.length + 1;
    if (length > longestText) break;
  }
  return parts.toReversed().join('\n').slice(-longestText);
}

function* latestFirst(input: RunInput): Generator<string> {
  if ('messages' in input) {
    for (const message of input.messages.toReversed()) {
      if (message.role === 'user') yield* textsOf(message.content).toReversed();
    }
  } else if ('query' in input && typeof input.query === 'string') {
    yield input.query;
  } else if ('input' in input) {
    for (const text of listEmbeddingTexts(input.input).toReversed()) {
      if (typeof text === 'string') yield text;
    }
  }
}

function textsOf(content: Extract<ChatInput['messages'][number], { role: 'user' }>['content']) {
  if (typeof content === 'string') return [content];
  return content.flatMap((part) => (part.type === 'text' ? [part.text] : []));
}
