import type { ToolCall } from '../../openai/chat/compose-choice.ts';
import type { Exchange } from '../../server/exchange.ts';
import type { StreamPiece } from '../../server/answer-stream.ts';
import { splitText } from '../../text.ts';
import type { OllamaAnswer } from './compose-answer.ts';
import type { OllamaRequest } from './ollama-request.ts';

/** Nanoseconds a model takes to load here; it is always loaded. */
const LOAD_NS = 1_000_000;

/** A request, its answer, and how a stream of it is cut. */
export type OllamaPlan = {
  exchange: Exchange;
  request: OllamaRequest;
  answer: OllamaAnswer;
  chunks: number | undefined;
};

/** What one line adds to the answer. */
type Said = { text?: string; thinking?: string; toolCalls?: ToolCall[] };

/** The whole answer as one object. */
export function describeAnswer(plan: OllamaPlan): object {
  return { ...describeLine(plan, plan.answer), ...describeEnd(plan) };
}

/** The lines of a streamed answer; the last one is done and says nothing. */
export function* streamLines(plan: OllamaPlan): Generator<StreamPiece> {
  const { answer, chunks } = plan;
  if (answer.doneReason === 'load' || answer.doneReason === 'unload') {
    return yield toPiece({ ...describeLine(plan, {}), ...describeLoad(plan) }, 0);
  }
  for (const thinking of splitText(answer.thinking, chunks)) {
    yield toPiece({ ...describeLine(plan, { thinking }), done: false }, thinking.length);
  }
  for (const call of answer.toolCalls) {
    const said = { toolCalls: [call] };
    const characters = call.name.length + call.arguments.length;
    yield toPiece({ ...describeLine(plan, said), done: false }, characters);
  }
  for (const text of splitText(answer.text, chunks)) {
    yield toPiece({ ...describeLine(plan, { text }), done: false }, text.length);
  }
  yield toPiece({ ...describeLine(plan, {}), ...describeEnd(plan) }, 0);
}

function toPiece(line: object, characters: number): StreamPiece {
  return { event: `${JSON.stringify(line)}\n`, characters };
}

function describeLine({ exchange, request }: OllamaPlan, said: Said): object {
  const { clock } = exchange;
  const { text = '', thinking = '', toolCalls = [] } = said;
  const thought = thinking === '' ? {} : { thinking };
  const base = {
    model: request.modelId,
    created_at: new Date(clock.toEpochMs(clock.now())).toISOString(),
  };
  if (request.surface === 'generate') return { ...base, response: text, ...thought };
  const calls = toolCalls.length === 0 ? {} : { tool_calls: toolCalls.map(describeCall) };
  return { ...base, message: { role: 'assistant', content: text, ...thought, ...calls } };
}

/** Arguments are an object, not a JSON text. */
function describeCall({ id, name, arguments: json }: ToolCall): object {
  const index = Number(/^call_(\d+)/u.exec(id)?.[1] ?? 1) - 1;
  return { id, function: { index, name, arguments: JSON.parse(json) as unknown } };
}

function describeEnd(plan: OllamaPlan): object {
  const { exchange, request, answer } = plan;
  if (answer.doneReason === 'load' || answer.doneReason === 'unload') return describeLoad(plan);
  const totalNs = Math.round((exchange.clock.now() - exchange.call.arrivedAt) * 1_000_000);
  const workNs = Math.max(0, totalNs - LOAD_NS);
  const promptNs = Math.floor(workNs / 4);
  return {
    done: true,
    done_reason: answer.doneReason,
    ...(request.surface === 'generate' && { context: [1, 2, 3] }),
    total_duration: totalNs,
    load_duration: LOAD_NS,
    prompt_eval_count: request.promptTokens,
    prompt_eval_duration: promptNs,
    eval_count: answer.outputTokens,
    eval_duration: workNs - promptNs,
  };
}

/** The end of a call that only loads or unloads: it has no counts. */
function describeLoad({ answer }: OllamaPlan): object {
  return { done: true, done_reason: answer.doneReason };
}
