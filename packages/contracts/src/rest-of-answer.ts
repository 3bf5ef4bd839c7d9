import type { TextDelta, ToolCallDelta } from './text-delta.ts';

/** What is missing of the whole, or undefined if what was said is no beginning of it. */
export function restOf(said: TextDelta, whole: TextDelta): TextDelta | undefined {
  const content = restOfText(said.content, whole.content ?? '');
  const refusal = restOfText(said.refusal, whole.refusal ?? '');
  // An app's thoughts are told and are not part of its result.
  const reasoning = restOfText(said.reasoning, whole.reasoning ?? said.reasoning ?? '');
  const calls = restOfCalls(said.tool_calls ?? [], whole.tool_calls ?? []);
  if (content === undefined || refusal === undefined || reasoning === undefined || !calls) {
    return undefined;
  }
  return {
    ...(reasoning && { reasoning }),
    ...(content && { content }),
    ...(refusal && { refusal }),
    ...(calls.length > 0 && { tool_calls: calls }),
  };
}

function restOfText(said = '', whole: string): string | undefined {
  return whole.startsWith(said) ? whole.slice(said.length) : undefined;
}

function restOfCalls(
  said: readonly ToolCallDelta[],
  whole: readonly ToolCallDelta[],
): ToolCallDelta[] | undefined {
  const rests: ToolCallDelta[] = [];
  if (said.length > whole.length) return undefined;
  for (const call of whole) {
    const before = said.find(({ index }) => index === call.index);
    const rest = before ? restOfCall(before, call) : call;
    if (!rest) return undefined;
    if (Object.keys(rest).length > 1) rests.push(rest);
  }
  return rests;
}

/** An upstream may give a call no id, and its result has one all the same. */
function restOfCall(said: ToolCallDelta, whole: ToolCallDelta): ToolCallDelta | undefined {
  const text = restOfText(said.function?.arguments, whole.function?.arguments ?? '');
  const isSame = (said.id ?? whole.id) === whole.id;
  if (text === undefined || !isSame || (said.function?.name ?? '') !== whole.function?.name) {
    return undefined;
  }
  return {
    index: whole.index,
    ...(said.id === undefined && whole.id !== undefined && { id: whole.id, type: 'function' }),
    ...(text && { function: { arguments: text } }),
  };
}
