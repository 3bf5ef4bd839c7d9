import type {
  Annotation,
  AnswerImage,
  ChatAnswer,
  Logprobs,
  SpokenAudio,
  ToolCall,
} from './chat-result.ts';
import type { RunResult } from './run.ts';

/**
 * A piece of one answer in the making, in OpenAI's form: texts and the base64 of sound are appended to what came before, lists
 * go on where they ended.
 */
export interface AnswerDelta {
  content?: string;
  reasoning?: string;
  refusal?: string;
  tool_calls?: ToolCallDelta[];
  logprobs?: Logprobs;
  audio?: Partial<SpokenAudio>;
  images?: AnswerImage[];
  annotations?: Annotation[];
}

/**
 * A piece of what is answered. All deltas of one run of a job add up to the answers in its result; pieces of the answers after
 * the first, where a job asks for several, are in `alternatives`, by the index of their answer.
 * @see https://platform.openai.com/docs/api-reference/chat-streaming/streaming
 */
export interface TextDelta extends AnswerDelta {
  alternatives?: AlternativeDelta[];
}

/** A piece of the answer in place `index`, from 1 on. */
export interface AlternativeDelta extends AnswerDelta {
  index: number;
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
  const { alternatives } = result;
  return {
    ...deltaOfAnswer(result),
    ...(alternatives && {
      alternatives: alternatives.map((answer, at) => ({ index: at + 1, ...deltaOfAnswer(answer) })),
    }),
  };
}

function deltaOfAnswer({ message, logprobs }: ChatAnswer): AnswerDelta {
  const { content, reasoning, refusal, tool_calls: toolCalls, audio, images } = message;
  const { annotations } = message;
  return {
    ...(reasoning && { reasoning }),
    ...(content && { content }),
    ...(refusal && { refusal }),
    ...(toolCalls && { tool_calls: toolCalls.map((call, index) => ({ index, ...call })) }),
    ...(logprobs && { logprobs }),
    ...(audio && { audio }),
    ...(images && { images }),
    ...(annotations && { annotations }),
  };
}

/** Two deltas, one after the other, as one. */
export function joinDeltas(first: TextDelta, second: TextDelta): TextDelta {
  const alternatives = joinByIndex(first.alternatives, second.alternatives, joinAlternatives);
  return { ...joinAnswers(first, second), ...(alternatives && { alternatives }) };
}

function joinAlternatives(first: AlternativeDelta, second: AlternativeDelta): AlternativeDelta {
  return { index: first.index, ...joinAnswers(first, second) };
}

function joinAnswers(first: AnswerDelta, second: AnswerDelta): AnswerDelta {
  const joined: AnswerDelta = {};
  for (const name of ['content', 'reasoning', 'refusal'] as const) {
    const text = joinTexts(first[name], second[name]);
    if (text !== undefined) joined[name] = text;
  }
  const calls = joinByIndex(first.tool_calls, second.tool_calls, joinCall);
  const logprobs = joinLogprobs(first.logprobs, second.logprobs);
  const audio = joinAudio(first.audio, second.audio);
  const images = joinLists(first.images, second.images);
  const annotations = joinLists(first.annotations, second.annotations);
  return {
    ...joined,
    ...(calls && { tool_calls: calls }),
    ...(logprobs && { logprobs }),
    ...(audio && { audio }),
    ...(images && { images }),
    ...(annotations && { annotations }),
  };
}

function joinTexts(first: string | undefined, second: string | undefined): string | undefined {
  if (first === undefined) return second;
  return second === undefined ? first : first + second;
}

function joinLists<Item>(
  first: Item[] | undefined,
  second: Item[] | undefined,
): Item[] | undefined {
  if (!first) return second;
  return second ? [...first, ...second] : first;
}

function joinLogprobs(first?: Logprobs, second?: Logprobs): Logprobs | undefined {
  if (!first || !second) return first ?? second;
  const content = joinLists(first.content, second.content);
  const refusal = joinLists(first.refusal, second.refusal);
  return { ...(content && { content }), ...(refusal && { refusal }) };
}

function joinAudio(
  first: AnswerDelta['audio'],
  second: AnswerDelta['audio'],
): AnswerDelta['audio'] {
  if (!first || !second) return first ?? second;
  const data = joinTexts(first.data, second.data);
  const transcript = joinTexts(first.transcript, second.transcript);
  return {
    ...first,
    ...second,
    ...(data !== undefined && { data }),
    ...(transcript !== undefined && { transcript }),
  };
}

function joinByIndex<Piece extends { index: number }>(
  first: readonly Piece[] | undefined,
  second: readonly Piece[] | undefined,
  join: (first: Piece, second: Piece) => Piece,
): Piece[] | undefined {
  if (!first && !second) return undefined;
  const byIndex = new Map<number, Piece>();
  for (const piece of [...(first ?? []), ...(second ?? [])]) {
    const before = byIndex.get(piece.index);
    byIndex.set(piece.index, before ? join(before, piece) : piece);
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
