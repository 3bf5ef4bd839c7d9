import type { Target } from '@sluice/config';
import type { ChatMessage, ReasoningPart } from '@sluice/contracts';

import { refuseLateInstruction, refuseParameter, unsupportedInput } from '../chat/refuse-input.ts';
import { parseArguments } from '../chat/tool-history.ts';
import { convertContent, convertTexts, type Block } from './convert-content.ts';

/** One message of Anthropic's. */
export interface Turn {
  role: 'user' | 'assistant';
  content: Block[];
}

/**
 * A conversation as Anthropic wants it: the system and developer messages at its begin make up the system prompt; results of
 * tools are the user's; messages of one role after the other are one.
 * @throws SluiceError `upstream_invalid_request`, naming the part that Anthropic cannot take: audio, media that are not the
 * user's or a tool's, arguments of a tool call that are no JSON object, a system message after others.
 * @see https://platform.claude.com/docs/en/api/messages/create
 */
export function convertMessages(
  target: Target,
  messages: readonly ChatMessage[],
): { system: Block[]; messages: Turn[] } {
  const system: Block[] = [];
  const turns: Turn[] = [];
  for (const [index, message] of messages.entries()) {
    const path = `messages[${index}]`;
    if ('name' in message) refuseParameter(target, `${path}.name`, 'its messages have no names');
    if (message.role === 'system' || message.role === 'developer') {
      refuseLateInstruction(target, messages, index);
      system.push(...convertInstruction(target, message, path));
    } else {
      append(turns, convertTurn(target, message, path));
    }
  }
  return { system, messages: turns };
}

/** A mark of the message is one of its end. */
function convertInstruction(
  target: Target,
  { content, cache_control: mark }: Extract<ChatMessage, { role: 'system' | 'developer' }>,
  path: string,
): Block[] {
  const blocks = convertTexts(target, content, `${path}.content`);
  const last = blocks.at(-1);
  if (!mark || !last) return blocks;
  return [...blocks.slice(0, -1), { ...last, cache_control: mark }];
}

type TurnMessage = Exclude<ChatMessage, { role: 'system' | 'developer' }>;

function convertTurn(target: Target, message: TurnMessage, path: string): Turn {
  switch (message.role) {
    case 'user':
      return { role: 'user', content: convertContent(target, message.content, `${path}.content`) };
    case 'assistant':
      return { role: 'assistant', content: convertAnswer(target, message, path) };
    case 'tool':
      return { role: 'user', content: [convertResult(target, message, path)] };
  }
}

function convertAnswer(
  target: Target,
  message: ChatMessage & { role: 'assistant' },
  path: string,
): Block[] {
  const { content, refusal, tool_calls: toolCalls = [], reasoning_parts: parts = [] } = message;
  const calls = toolCalls.flatMap(({ id, function: { name, arguments: text } }, index): Block[] => {
    const input = parseArguments(text);
    if (input) return [...convertThoughts(parts, index), { type: 'tool_use', id, name, input }];
    const at = `${path}.tool_calls[${index}].function.arguments`;
    throw unsupportedInput(target, at, 'it is no JSON object');
  });
  return [
    ...convertThoughts(parts, undefined),
    ...convertTexts(target, content ?? '', `${path}.content`),
    ...convertTexts(target, refusal ?? '', `${path}.refusal`),
    ...calls,
  ];
}

/** What the model thought before that tool call, or before all else; signatures of other vendors say nothing to this one. */
function convertThoughts(parts: readonly ReasoningPart[], place: number | undefined): Block[] {
  return parts.flatMap((part): Block[] => {
    if (part.type === 'thought_signature' || part.type === 'encrypted_reasoning') return [];
    const { before_tool_call: before, ...block } = part;
    return before === place ? [block] : [];
  });
}

function convertResult(
  target: Target,
  message: ChatMessage & { role: 'tool' },
  path: string,
): Block {
  const content = convertContent(target, message.content, `${path}.content`);
  return {
    type: 'tool_result',
    tool_use_id: message.tool_call_id,
    ...(content.length > 0 && { content }),
  };
}

/** Adds a turn; what says nothing, as an empty text of the assistant, is no turn. */
function append(turns: Turn[], turn: Turn): void {
  const last = turns.at(-1);
  if (last?.role === turn.role) last.content.push(...turn.content);
  else if (turn.content.length > 0) turns.push(turn);
}
