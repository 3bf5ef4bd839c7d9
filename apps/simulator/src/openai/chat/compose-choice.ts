import { countTokens } from '../../text.ts';
import type { ChatRequest } from './read-chat-request.ts';
import type { Tool } from './read-tools.ts';
import { sampleJson } from '../../sample-json.ts';

/** The parts of a request that decide what the answer says, whatever the vendor. */
export type ChatAsk = Pick<
  ChatRequest,
  'messages' | 'tools' | 'toolChoice' | 'maxTokens' | 'stop' | 'json'
>;

/** A function call of an answer. */
export type ToolCall = { id: string; name: string; arguments: string };

/** What one choice of an answer says. */
export type Choice = {
  text: string;
  toolCalls: ToolCall[];
  finishReason: 'stop' | 'length' | 'tool_calls';
  outputTokens: number;
};

/**
 * Answers a request by rules a test can predict: calls the tools that are named or asked for by
 * name; else repeats the last message, as JSON when JSON is asked for, cut at `stop` and at the
 * token limit.
 */
export function composeChoice(request: ChatAsk, reply: string | undefined): Choice {
  const toolCalls = chooseTools(request).map((tool, index) => callTool(tool, request, index));
  if (toolCalls.length > 0) {
    const characters = toolCalls.reduce(
      (sum, call) => sum + call.name.length + call.arguments.length,
      0,
    );
    const outputTokens = countTokens(characters);
    return { text: '', toolCalls, finishReason: 'tool_calls', outputTokens };
  }
  const whole = cutAtStop(composeText(request, reply), request.stop);
  const limit = request.maxTokens ?? Infinity;
  const isCut = countTokens(whole.length) > limit;
  const text = isCut ? whole.slice(0, limit * 4) : whole;
  return {
    text,
    toolCalls: [],
    finishReason: isCut ? 'length' : 'stop',
    outputTokens: countTokens(text.length),
  };
}

function chooseTools({ tools, toolChoice, messages }: ChatAsk): Tool[] {
  if (tools.length === 0 || toolChoice === 'none') return [];
  if (typeof toolChoice === 'object') return tools.filter(({ name }) => name === toolChoice.name);
  const last = messages.at(-1);
  const asked = last?.role === 'user' ? tools.filter(({ name }) => last.text.includes(name)) : [];
  return asked.length === 0 && toolChoice === 'required' ? tools.slice(0, 1) : asked;
}

function callTool({ name, parameters }: Tool, request: ChatAsk, index: number): ToolCall {
  const sample = parameters === undefined ? {} : sampleJson(parameters, lastText(request, 'user'));
  return { id: `call_${index + 1}_${name}`, name, arguments: JSON.stringify(sample) };
}

function composeText(request: ChatAsk, reply: string | undefined): string {
  if (reply !== undefined) return reply;
  const isToolResult = request.messages.at(-1)?.role === 'tool';
  const said = isToolResult
    ? `The tool answered: ${lastText(request, 'tool')}`
    : `You said: ${lastText(request, 'user')}`;
  if (request.json === undefined) return said;
  const { schema } = request.json;
  return JSON.stringify(schema === undefined ? { reply: said } : sampleJson(schema, said));
}

/** The text of the last message of a role; empty without one. */
export function lastText({ messages }: ChatAsk, role: string): string {
  return messages.findLast((message) => message.role === role)?.text ?? '';
}

function cutAtStop(text: string, stops: string[]): string {
  let end = text.length;
  for (const stop of stops) {
    const index = text.indexOf(stop);
    if (index !== -1) end = Math.min(end, index);
  }
  return text.slice(0, end);
}
