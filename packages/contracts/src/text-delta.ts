import type { ToolCall } from './chat.ts';
import type { RunResult } from './run.ts';

/**
 * A piece of an answer in the making, in OpenAI's form: texts are appended to what came before. All deltas of one run of a
 * job add up to the answer in its result.
 * @see https://platform.openai.com/docs/api-reference/chat-streaming/streaming
 */
export interface TextDelta {
  content?: string;
  reasoning?: string;
  refusal?: string;
  tool_calls?: ToolCallDelta[];
}

/** A piece of the tool call in place `index`: its id and name come once, its arguments in pieces. */
export interface ToolCallDelta {
  index: number;
  id?: string;
  type?: 'function';
  function?: { name?: string; arguments?: string };
  extra_content?: ToolCall['extra_content'];
}

/** The whole answer of a result as one delta; undefined for a result that is no text. */
export function deltaOfResult(result: RunResult): TextDelta | undefined {
  if (result.type === 'workflow') {
    return result.answer === undefined ? undefined : { content: result.answer };
  }
  if (result.type !== 'chat') return undefined;
  const { content, reasoning, refusal, tool_calls: toolCalls } = result.message;
  return {
    ...(reasoning && { reasoning }),
    ...(content && { content }),
    ...(refusal && { refusal }),
    ...(toolCalls && { tool_calls: toolCalls.map((call, index) => ({ index, ...call })) }),
  };
}

/** Two deltas, one after the other, as one. */
export function joinDeltas(first: TextDelta, second: TextDelta): TextDelta {
  const content = joinTexts(first.content, second.content);
  const reasoning = joinTexts(first.reasoning, second.reasoning);
  const refusal = joinTexts(first.refusal, second.refusal);
  return {
    ...(content !== undefined && { content }),
    ...(reasoning !== undefined && { reasoning }),
    ...(refusal !== undefined && { refusal }),
    ...((first.tool_calls ?? second.tool_calls) && {
      tool_calls: joinToolCalls(first.tool_calls ?? [], second.tool_calls ?? []),
    }),
  };
}

function joinTexts(first: string | undefined, second: string | undefined): string | undefined {
  if (first === undefined) return second;
  return second === undefined ? first : first + second;
}

function joinToolCalls(
  first: readonly ToolCallDelta[],
  second: readonly ToolCallDelta[],
): ToolCallDelta[] {
  const byIndex = new Map<number, ToolCallDelta>();
  for (const piece of [...first, ...second]) {
    const before = byIndex.get(piece.index);
    const joined = before ? joinCall(before, piece) : piece;
    byIndex.set(piece.index, joined);
  }
  return [...byIndex.values()];
}

function joinCall(first: ToolCallDelta, second: ToolCallDelta): ToolCallDelta {
  const text = joinTexts(first.function?.arguments, second.function?.arguments);
  return {
    ...first,
    ...second,
    function: {
      ...first.function,
      ...second.function,
      ...(text !== undefined && { arguments: text }),
    },
  };
}
