import type { ChatDelta } from './chat-chunk.ts';

type Text = ChatDelta['content'];

/** The text that the client is meant to read. */
export function contentOf(delta: ChatDelta): string | undefined {
  return textOf(delta.content, (part) => part['type'] !== 'thinking');
}

/** What the model thought, under the first name that this server gives it. */
export function reasoningOf(delta: ChatDelta): string | undefined {
  return (
    textOf(delta.reasoning_content) ??
    textOf(delta.reasoning) ??
    textOf(delta.reasoning_text) ??
    textOf(delta.reasoning_details) ??
    (Array.isArray(delta.content)
      ? textOf(delta.content, (part) => part['type'] === 'thinking') || undefined
      : undefined)
  );
}

type Part = Record<string, unknown>;

function textOf(text: Text, belongs: (part: Part) => boolean = () => true): string | undefined {
  if (text === null || text === undefined) return undefined;
  if (typeof text === 'string') return text;
  return text.filter(belongs).map(textOfPart).join('');
}

/** `{text}`, OpenRouter's `{summary}`, or Mistral's `{thinking: [{text}]}`. */
function textOfPart(part: Part): string {
  for (const value of [part['text'], part['summary'], part['thinking']]) {
    if (typeof value === 'string') return value;
    if (Array.isArray(value)) return value.map((each: Part) => textOfPart(each)).join('');
  }
  return '';
}
