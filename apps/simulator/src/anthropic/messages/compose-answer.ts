import { sampleJson } from '../../sample-json.ts';
import { countTokens } from '../../text.ts';
import { signThinking } from './content-block.ts';
import type { MessageRequest } from './read-message-request.ts';
import type { Tool } from './read-tools.ts';

/** One block of an answer. */
export type AnswerBlock =
  | { type: 'thinking'; thinking: string; shown: boolean; signature: string }
  | { type: 'text'; text: string }
  | { type: 'tool_use'; id: string; name: string; input: unknown };

/** What an answer says, and why it ends. */
export type Answer = {
  blocks: AnswerBlock[];
  stopReason: string;
  stopSequence: string | null;
  stopDetails: object | null;
  /** Thoughts included. */
  outputTokens: number;
  thinkingTokens: number;
};

/** Ends an answer for a reason that a test cannot bring about otherwise. */
const STOP_MARKER = /\[\[stop_reason:(refusal|pause_turn|model_context_window_exceeded)\]\]/u;

/**
 * Answers a request by rules a test can predict: thinks of the last message when it shall think;
 * calls the tools that are named or asked for by name, else repeats the last message, cut at the
 * stop sequences and at max_tokens.
 */
export function composeAnswer(request: MessageRequest, reply: string | undefined): Answer {
  const thinking = composeThinking(request);
  const blocks: AnswerBlock[] = [];
  if (thinking !== '') {
    const { shown } = request.thinking;
    blocks.push({ type: 'thinking', thinking, shown, signature: signThinking(thinking) });
  }
  const calls = chooseTools(request).map((tool, index) => callTool(tool, request, index));
  const room = request.maxTokens * 4 - thinking.length;
  const end = calls.length > 0 ? { stopReason: 'tool_use' } : composeText(request, reply, room);
  if ('text' in end && end.text !== '') blocks.push({ type: 'text', text: end.text });
  blocks.push(...calls);
  const characters = blocks.reduce((sum, block) => sum + countCharacters(block), 0);
  return {
    blocks,
    stopReason: end.stopReason,
    stopSequence: 'stopSequence' in end ? end.stopSequence : null,
    stopDetails: end.stopReason === 'refusal' ? REFUSAL : null,
    outputTokens: countTokens(characters),
    thinkingTokens: countTokens(thinking.length),
  };
}

/** Characters of a block that count as output. */
export function countCharacters(block: AnswerBlock): number {
  switch (block.type) {
    case 'thinking':
      return block.thinking.length;
    case 'text':
      return block.text.length;
    case 'tool_use':
      return block.name.length + JSON.stringify(block.input).length;
  }
}

const REFUSAL = {
  type: 'refusal',
  category: 'general_harms',
  explanation: 'The simulator was told to refuse.',
};

function composeThinking(request: MessageRequest): string {
  const { thinking, maxTokens } = request;
  if (!thinking.enabled) return '';
  const limit = Math.min(thinking.budgetTokens ?? maxTokens, maxTokens);
  return `Thinking about: ${lastText(request)}`.slice(0, limit * 4);
}

function chooseTools(request: MessageRequest): Tool[] {
  const { list, choice } = request.tools;
  if (choice.type === 'none') return [];
  if (choice.type === 'tool') return list.filter(({ name }) => name === choice.name);
  const own = list.filter(({ isOwn }) => isOwn);
  const text = lastText(request);
  const asked = own.filter(({ name }) => text.includes(name));
  const chosen = asked.length === 0 && choice.type === 'any' ? own.slice(0, 1) : asked;
  return choice.parallel ? chosen : chosen.slice(0, 1);
}

/** The id is the same for the same request, and another one later in the conversation. */
function callTool(tool: Tool, request: MessageRequest, index: number): AnswerBlock {
  const { name, inputSchema } = tool;
  const id = `toolu_${request.turns.length}_${index + 1}_${name}`;
  const input = sampleJson(inputSchema ?? { type: 'object' }, lastText(request));
  return { type: 'tool_use', id, name, input };
}

type TextEnd = { text: string; stopReason: string; stopSequence: string | null };

function composeText(request: MessageRequest, reply: string | undefined, room: number): TextEnd {
  const whole = reply ?? sayText(request);
  const stop = findStop(whole, request.stopSequences);
  const text = whole.slice(0, stop?.index);
  if (text.length > room) {
    return { text: text.slice(0, Math.max(0, room)), stopReason: 'max_tokens', stopSequence: null };
  }
  if (stop !== undefined) {
    return { text, stopReason: 'stop_sequence', stopSequence: stop.sequence };
  }
  const scripted = STOP_MARKER.exec(lastText(request))?.[1];
  return { text, stopReason: scripted ?? 'end_turn', stopSequence: null };
}

function findStop(
  text: string,
  sequences: string[],
): { index: number; sequence: string } | undefined {
  const found = sequences.map((sequence) => ({ sequence, index: text.indexOf(sequence) }));
  return found.filter(({ index }) => index !== -1).sort((a, b) => a.index - b.index)[0];
}

function sayText(request: MessageRequest): string {
  const results = lastUserBlocks(request).filter(({ type }) => type === 'tool_result');
  const said =
    results.length > 0
      ? `The tool answered: ${results.map(({ text }) => text).join(', ')}`
      : `You said: ${lastText(request)}`;
  if (request.schema === undefined) return said;
  return JSON.stringify(sampleJson(request.schema, said));
}

function lastText(request: MessageRequest): string {
  const texts = lastUserBlocks(request).filter(({ type }) => type === 'text');
  return texts.map(({ text }) => text).join('\n');
}

function lastUserBlocks({ turns }: MessageRequest): MessageRequest['turns'][number]['blocks'] {
  return turns.findLast(({ role }) => role === 'user')?.blocks ?? [];
}
