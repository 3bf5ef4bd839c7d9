import { invalidRequest } from '../errors.ts';
import type { AnthropicError } from '../errors.ts';
import { isObject, readBlock } from './content-block.ts';
import type { ContentBlock } from './content-block.ts';

/** Consecutive messages of one role, which the vendor merges. */
export type Turn = { role: 'user' | 'assistant' | 'system'; blocks: ContentBlock[] };

/**
 * Reads `messages`. `isNewest` = the rules of version 2026-10-21 hold.
 * @see https://platform.claude.com/docs/en/api/messages/create
 */
export function readTurns(
  messages: unknown,
  isNewest: boolean,
): { turns: Turn[] } | AnthropicError {
  if (messages === undefined) return invalidRequest('messages: Field required');
  if (!Array.isArray(messages)) return invalidRequest('messages: Input should be a valid list');
  if (messages.length === 0) return invalidRequest('messages: at least one message is required');
  const turns: Turn[] = [];
  for (const [index, message] of messages.entries()) {
    const turn = readMessage(message, `messages.${index}`);
    if ('status' in turn) return turn;
    const problem = isNewest ? findNewProblem(turn, `messages.${index}`) : undefined;
    if (problem !== undefined) return problem;
    const last = turns.at(-1);
    if (last?.role === turn.role) last.blocks.push(...turn.blocks);
    else turns.push(turn);
  }
  return checkFirst(turns) ?? checkToolUse(turns) ?? { turns };
}

function readMessage(message: unknown, place: string): Turn | AnthropicError {
  if (!isObject(message)) return invalidRequest(`${place}: Input should be a valid dictionary`);
  const { role, content } = message;
  if (role !== 'user' && role !== 'assistant' && role !== 'system') {
    return invalidRequest(`${place}.role: Input should be 'user', 'assistant' or 'system'`);
  }
  if (content === undefined) return invalidRequest(`${place}.content: Field required`);
  if (content === '' || (Array.isArray(content) && content.length === 0)) {
    return invalidRequest(`${place}: all messages must have non-empty content`);
  }
  const values = typeof content === 'string' ? [{ type: 'text', text: content }] : content;
  if (!Array.isArray(values)) {
    return invalidRequest(`${place}.content: Input should be a valid list`);
  }
  const blocks: ContentBlock[] = [];
  for (const [index, value] of values.entries()) {
    const block = readBlock(value, `${place}.content.${index}`);
    if ('status' in block) return block;
    blocks.push(block);
  }
  return { role, blocks };
}

function findNewProblem({ role, blocks }: Turn, place: string): AnthropicError | undefined {
  for (const [index, { type, raw }] of blocks.entries()) {
    const at = `${place}.content.${index}`;
    if (role === 'assistant' && type === 'document') {
      return invalidRequest(`${at}: \`document\` blocks are not permitted in assistant messages`);
    }
    const cites = Array.isArray(raw.citations) && raw.citations.length > 0;
    if (role === 'user' && type === 'text' && cites) {
      return invalidRequest(`${at}.text.citations: citations are not permitted in user messages`);
    }
  }
  return undefined;
}

function checkFirst([first]: Turn[]): AnthropicError | undefined {
  if (first?.role === 'user') return undefined;
  if (first?.role !== 'system') {
    return invalidRequest('messages: first message must use the "user" role');
  }
  return invalidRequest(
    'messages: Unexpected role "system". The Messages API accepts a top-level `system` parameter, not "system" as an input message role.',
  );
}

/** Every tool_use must be answered in the next turn, and every tool_result must answer one. */
function checkToolUse(turns: Turn[]): AnthropicError | undefined {
  for (const [index, turn] of turns.entries()) {
    const called = listIds(turns[index - 1], 'tool_use', 'id');
    const answered = listIds(turn, 'tool_result', 'tool_use_id');
    const unanswered = called.filter((id) => !answered.includes(id));
    if (unanswered.length > 0) return resultsMissing(unanswered, index);
    const stray = answered.find((id) => !called.includes(id));
    if (stray !== undefined) {
      return invalidRequest(
        `messages.${index}.content: unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${stray}. Each \`tool_result\` block must have a corresponding \`tool_use\` block in the previous message.`,
      );
    }
  }
  const open = listIds(turns.at(-1), 'tool_use', 'id');
  return open.length > 0 ? resultsMissing(open, turns.length - 1) : undefined;
}

function listIds(turn: Turn | undefined, type: string, field: string): string[] {
  const blocks = turn?.blocks ?? [];
  return blocks.filter((block) => block.type === type).map(({ raw }) => String(raw[field]));
}

function resultsMissing(ids: string[], index: number): AnthropicError {
  return invalidRequest(
    `messages.${index}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${ids.join(', ')}. Each \`tool_use\` block must have a corresponding \`tool_result\` block in the next message.`,
  );
}
