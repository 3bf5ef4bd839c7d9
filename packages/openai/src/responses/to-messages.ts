import { isObject } from '@sluice/config';
import { chatInput, type ChatMessage, type ReasoningPart } from '@sluice/contracts';

import type { InputItem, InputPart } from './response-body.ts';

type AssistantMessage = Extract<ChatMessage, { role: 'assistant' }>;
type ContentPart = Exclude<Extract<ChatMessage, { role: 'user' }>['content'], string>[number];

/**
 * The items of a response's input as messages of a chat. What the model thought, said and called between two turns of others is
 * one message of its own.
 */
export function toMessages(input: string | readonly InputItem[]): ChatMessage[] {
  if (typeof input === 'string') return [{ role: 'user', content: input }];
  const messages: ChatMessage[] = [];
  for (const item of input) addItem(messages, item);
  return messages;
}

function addItem(messages: ChatMessage[], item: InputItem): void {
  switch (item.type) {
    case 'message':
      if (item.role === 'assistant') addSaid(messages, item.content);
      else messages.push({ role: item.role, content: contentOf(item.content) });
      return;
    case 'function_call_output':
      messages.push({ role: 'tool', tool_call_id: item.call_id, content: contentOf(item.output) });
      return;
    case 'function_call': {
      const { call_id: id, name, arguments: text } = item;
      const said = lastSaid(messages);
      const call = { id, type: 'function' as const, function: { name, arguments: text } };
      said.tool_calls = [...(said.tool_calls ?? []), call];
      return;
    }
    case 'reasoning': {
      const parts = openParts(item.encrypted_content);
      const said = lastSaid(messages);
      const text = item.summary.map((part) => part.text).join('\n');
      if (text !== '') said.reasoning = text;
      if (parts) said.reasoning_parts = parts;
    }
  }
}

/** The message of the model that what follows belongs to: the last one, or a new one. */
function lastSaid(messages: ChatMessage[]): AssistantMessage {
  const last = messages.at(-1);
  if (last?.role === 'assistant') return last;
  const said: AssistantMessage = { role: 'assistant', content: null };
  messages.push(said);
  return said;
}

function addSaid(messages: ChatMessage[], content: string | InputPart[]): void {
  const last = messages.at(-1);
  // A thought comes before what is said.
  const isOpen = last?.role === 'assistant' && last.content === null && !last.tool_calls;
  const said: AssistantMessage = isOpen ? last : { role: 'assistant', content: null };
  if (!isOpen) messages.push(said);
  said.content = textOf(content);
  const refusal =
    typeof content === 'string' ? undefined : content.find(({ type }) => type === 'refusal');
  if (refusal?.type === 'refusal') said.refusal = refusal.refusal;
}

function textOf(content: string | InputPart[]): string {
  if (typeof content === 'string') return content;
  return content
    .flatMap((part) =>
      part.type === 'output_text' || part.type === 'input_text' ? [part.text] : [],
    )
    .join('');
}

function contentOf(content: string | InputPart[]): string | ContentPart[] {
  if (typeof content === 'string') return content;
  return content.length === 0 ? '' : content.map(partOf);
}

function partOf(part: InputPart): ContentPart {
  switch (part.type) {
    case 'input_text':
    case 'output_text':
      return { type: 'text', text: part.text };
    case 'refusal':
      return { type: 'text', text: part.refusal };
    case 'input_image': {
      const { image_url: url, detail } = part;
      return { type: 'image_url', image_url: { url, ...(detail && { detail }) } };
    }
    case 'input_file': {
      const { type: _type, ...file } = part;
      return { type: 'file', file };
    }
    case 'input_audio':
      return { type: 'input_audio', input_audio: part.input_audio };
  }
}

/** What a vendor wants back of a thought, as the client carries it. */
export function sealParts(parts: readonly ReasoningPart[]): string {
  return Buffer.from(JSON.stringify(parts)).toString('base64');
}

/** What another server wrote there is left out: no vendor of ours could read it. */
function openParts(sealed: string | undefined): ReasoningPart[] | undefined {
  if (sealed === undefined) return undefined;
  try {
    const parts: unknown = JSON.parse(Buffer.from(sealed, 'base64').toString('utf8'));
    const message = { role: 'assistant', content: null, reasoning_parts: parts };
    const parsed = chatInput.shape.messages.safeParse([message]);
    const [checked] = parsed.data ?? [];
    return isObject(checked) && checked.role === 'assistant' ? checked.reasoning_parts : undefined;
  } catch {
    return undefined;
  }
}
