import type { ChatMessage, ReasoningPart, ToolCall } from '@sluice/contracts';

import { readKeptThoughts, type KeptThoughts } from './kept-thoughts.ts';
import type { AssistantBlock, MessageBody, TurnOf, UserBlock } from './message-body.ts';

type Part = Exclude<Extract<ChatMessage, { role: 'user' }>['content'], string>[number];
type ToolResult = Extract<UserBlock, { type: 'tool_result' }>;
type Media = Exclude<UserBlock, ToolResult>;

/** Messages of a job, each with the path of what the client has sent for it. */
export interface Placed {
  message: ChatMessage;
  path: string;
}

/** A conversation in Anthropic's form as messages of a job: results of tools are messages of their own. */
export function toMessages({
  system,
  messages,
}: Pick<MessageBody, 'system' | 'messages'>): Placed[] {
  const instruction: Placed[] =
    system === undefined || system === ''
      ? []
      : [{ message: { role: 'system', content: partsOf(system) }, path: 'system' }];
  return [
    ...instruction,
    ...messages.flatMap((turn, index): Placed[] => {
      const path = `messages[${index}]`;
      if (turn.role === 'user') return toUser(turn, path);
      if (turn.role === 'assistant') return [{ message: toAssistant(turn), path }];
      return [{ message: { role: 'system', content: partsOf(turn.content) }, path }];
    }),
  ];
}

function partsOf(content: string | Media[]): string | Part[] {
  return typeof content === 'string' ? content : content.map(toPart);
}

function toPart(block: Media): Part {
  const mark = block.cache_control && { cache_control: block.cache_control };
  if (block.type === 'text') return { type: 'text', text: block.text, ...mark };
  const { source } = block;
  if (block.type === 'image') {
    const url = source.type === 'url' ? source.url : dataUrl(source as Inline);
    return { type: 'image_url', image_url: { url }, ...mark };
  }
  const named = block.title === undefined ? {} : { filename: block.title };
  const file =
    source.type === 'file' ? { file_id: source.file_id } : { file_data: dataUrl(source as Inline) };
  return { type: 'file', file: { ...file, ...named }, ...mark };
}

interface Inline {
  type: 'base64' | 'text';
  media_type: string;
  data: string;
}

function dataUrl({ type, media_type: mediaType, data }: Inline): string {
  const base64 = type === 'text' ? Buffer.from(data).toString('base64') : data;
  return `data:${mediaType};base64,${base64}`;
}

function toUser({ content }: TurnOf<'user'>, path: string): Placed[] {
  if (typeof content === 'string') return [{ message: { role: 'user', content }, path }];
  const placed: Placed[] = [];
  let parts: Part[] | undefined;
  for (const [index, block] of content.entries()) {
    if (block.type === 'tool_result') {
      parts = undefined;
      placed.push({ message: toToolMessage(block), path: `${path}.content[${index}]` });
    } else if (parts) {
      parts.push(toPart(block));
    } else {
      parts = [toPart(block)];
      placed.push({ message: { role: 'user', content: parts }, path });
    }
  }
  return placed;
}

/** That a tool has failed is said in front of what it has said, which every model understands. */
function toToolMessage(block: ToolResult): ChatMessage {
  const { tool_use_id: id, content = '', is_error: isError, cache_control: mark } = block;
  const given: Part[] =
    typeof content === 'string' ? [{ type: 'text', text: content }] : content.map(toPart);
  const parts: Part[] = isError ? [{ type: 'text', text: 'Error: ' }, ...given] : given;
  const last = parts.at(-1);
  const isText = parts.every((part) => part.type === 'text' && !part.cache_control);
  if (isText && !mark) {
    const text = parts.map((part) => (part.type === 'text' ? part.text : '')).join('');
    return { role: 'tool', tool_call_id: id, content: text };
  }
  const marked = last
    ? [...parts.slice(0, -1), mark ? { ...last, cache_control: mark } : last]
    : '';
  return { role: 'tool', tool_call_id: id, content: marked };
}

/** Text comes before the calls, a thought is kept with the place of the call that it stands before. */
function toAssistant({ content }: TurnOf<'assistant'>): ChatMessage {
  if (typeof content === 'string') return { role: 'assistant', content };
  const kept = content.flatMap(keptIn);
  // A map: an id is whatever the client says, `constructor` too.
  const signatures = new Map(kept.flatMap(({ calls = {} }) => Object.entries(calls)));
  const calls = content.flatMap((block) =>
    block.type === 'tool_use' ? [toCall(block, signatures.get(block.id))] : [],
  );
  const texts = content.filter((block) => block.type === 'text');
  const parts = [...thoughtsOf(content, calls.length), ...kept.flatMap((each) => each.parts ?? [])];
  const reasoning = content.flatMap((block) =>
    block.type === 'thinking' && block.signature === '' ? [block.thinking] : [],
  );
  return {
    role: 'assistant',
    content: texts.length > 0 ? textOf(texts) : calls.length > 0 ? null : '',
    ...(reasoning.length > 0 && { reasoning: reasoning.join('\n\n') }),
    ...(parts.length > 0 && { reasoning_parts: parts }),
    ...(calls.length > 0 && { tool_calls: calls }),
  };
}

function textOf(texts: Extract<AssistantBlock, { type: 'text' }>[]): string | Part[] {
  const [first] = texts;
  return texts.length === 1 && first && !first.cache_control ? first.text : texts.map(toPart);
}

function toCall(
  { id, name, input }: Extract<AssistantBlock, { type: 'tool_use' }>,
  signature: string | undefined,
): ToolCall {
  return {
    id,
    type: 'function',
    function: { name, arguments: JSON.stringify(input) },
    ...(signature !== undefined && {
      extra_content: { google: { thought_signature: signature } },
    }),
  };
}

function keptIn(block: AssistantBlock): KeptThoughts[] {
  const kept = block.type === 'redacted_thinking' ? readKeptThoughts(block.data) : undefined;
  return kept ? [kept] : [];
}

function thoughtsOf(content: readonly AssistantBlock[], toolCalls: number): ReasoningPart[] {
  let callsBefore = 0;
  let isFirst = true;
  return content.flatMap((block): ReasoningPart[] => {
    if (block.type === 'text' || block.type === 'tool_use') {
      isFirst = false;
      if (block.type === 'tool_use') callsBefore += 1;
      return [];
    }
    if (block.type === 'thinking' && block.signature === '') return [];
    if (keptIn(block).length > 0) return [];
    const isBeforeCall = !isFirst && callsBefore < toolCalls;
    return [{ ...block, ...(isBeforeCall && { before_tool_call: callsBefore }) }];
  });
}
