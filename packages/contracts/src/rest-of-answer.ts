import type { Logprobs } from './chat-result.ts';
import type { AnswerDelta, TextDelta, ToolCallDelta } from './text-delta.ts';

/** What is missing of the whole, or undefined if what was said is no beginning of it. */
export function restOf(said: TextDelta, whole: TextDelta): TextDelta | undefined {
  const first = restOfAnswer(said, whole);
  if (!first) return undefined;
  const rests: NonNullable<TextDelta['alternatives']> = [];
  const others = whole.alternatives ?? [];
  const isForeign = (said.alternatives ?? []).some(
    ({ index }) => !others.some((other) => other.index === index),
  );
  if (isForeign) return undefined;
  for (const { index, ...other } of others) {
    const before = said.alternatives?.find((piece) => piece.index === index) ?? {};
    const rest = restOfAnswer(before, other);
    if (!rest) return undefined;
    if (Object.keys(rest).length > 0) rests.push({ index, ...rest });
  }
  return { ...first, ...(rests.length > 0 && { alternatives: rests }) };
}

function restOfAnswer(said: AnswerDelta, whole: AnswerDelta): AnswerDelta | undefined {
  const texts = restOfTexts(said, whole);
  const calls = restOfCalls(said.tool_calls ?? [], whole.tool_calls ?? []);
  const logprobs = restOfLogprobs(said.logprobs, whole.logprobs);
  const audio = restOfAudio(said.audio, whole.audio);
  const images = restOfList(said.images, whole.images);
  const annotations = restOfList(said.annotations, whole.annotations);
  if (!texts || !calls || !logprobs || !audio || !images || !annotations) return undefined;
  return {
    ...texts,
    ...(calls.length > 0 && { tool_calls: calls }),
    ...(Object.keys(logprobs).length > 0 && { logprobs }),
    ...(Object.keys(audio).length > 0 && { audio }),
    ...(images.length > 0 && { images }),
    ...(annotations.length > 0 && { annotations }),
  };
}

type Texts = Pick<AnswerDelta, 'reasoning' | 'content' | 'refusal'>;

function restOfTexts(said: Texts, whole: Texts): Texts | undefined {
  const content = restOfText(said.content, whole.content ?? '');
  const refusal = restOfText(said.refusal, whole.refusal ?? '');
  // An app's thoughts are told and are not part of its result.
  const reasoning = restOfText(said.reasoning, whole.reasoning ?? said.reasoning ?? '');
  if (content === undefined || refusal === undefined || reasoning === undefined) return undefined;
  return {
    ...(reasoning && { reasoning }),
    ...(content && { content }),
    ...(refusal && { refusal }),
  };
}

function restOfText(said = '', whole: string): string | undefined {
  return whole.startsWith(said) ? whole.slice(said.length) : undefined;
}

/** Items are data of a few fields; equal ones are written equally. */
function restOfList<Item>(
  said: readonly Item[] = [],
  whole: readonly Item[] = [],
): Item[] | undefined {
  const isBeginning = said.every((item, at) => JSON.stringify(item) === JSON.stringify(whole[at]));
  return isBeginning ? whole.slice(said.length) : undefined;
}

function restOfLogprobs(said: Logprobs = {}, whole: Logprobs = {}): Logprobs | undefined {
  const content = restOfList(said.content, whole.content);
  const refusal = restOfList(said.refusal, whole.refusal);
  if (!content || !refusal) return undefined;
  return {
    ...(content.length > 0 && { content }),
    ...(refusal.length > 0 && { refusal }),
  };
}

function restOfAudio(
  said: NonNullable<AnswerDelta['audio']> = {},
  whole: NonNullable<AnswerDelta['audio']> = {},
): AnswerDelta['audio'] {
  const data = restOfText(said.data, whole.data ?? '');
  const transcript = restOfText(said.transcript, whole.transcript ?? '');
  if (data === undefined || transcript === undefined) return undefined;
  const { id, expires_at: expiresAt, format } = whole;
  return {
    ...(id !== undefined && said.id === undefined && { id }),
    ...(expiresAt !== undefined && said.expires_at === undefined && { expires_at: expiresAt }),
    ...(format !== undefined && said.format === undefined && { format }),
    ...(data && { data }),
    ...(transcript && { transcript }),
  };
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
