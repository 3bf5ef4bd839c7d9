import type { StreamPiece } from '../../server/answer-stream.ts';
import { splitText } from '../../text.ts';
import { describeOutput, describeResponse, THOUGHT } from './describe-response.ts';
import type { OutputItem, ResponsePlan } from './describe-response.ts';

/**
 * A response as named events that are numbered from 0; there is no `[DONE]`.
 * @see https://platform.openai.com/docs/api-reference/responses-streaming
 */
export function* streamResponse(
  plan: ResponsePlan,
  chunks: number | undefined,
): Generator<StreamPiece> {
  let number = 0;
  for (const { type, characters = 0, ...fields } of eventsOf(plan, chunks)) {
    const data = JSON.stringify({ type, sequence_number: number, ...fields });
    yield { event: `event: ${type}\ndata: ${data}\n\n`, characters };
    number += 1;
  }
}

type Told = Record<string, unknown> & { type: string; characters?: number };

function* eventsOf(plan: ResponsePlan, chunks: number | undefined): Generator<Told> {
  const response = describeResponse(plan, undefined);
  yield { type: 'response.created', response };
  yield { type: 'response.in_progress', response };
  const output = describeOutput(plan);
  for (const [index, item] of output.entries()) yield* itemEvents(plan, { item, index, chunks });
  const type = plan.choice.finishReason === 'length' ? 'response.incomplete' : 'response.completed';
  yield { type, response: describeResponse(plan, output) };
}

type Placed = { item: OutputItem; index: number; chunks: number | undefined };

function* itemEvents(plan: ResponsePlan, placed: Placed): Generator<Told> {
  const { item, index } = placed;
  const place = { output_index: index };
  yield { type: 'response.output_item.added', ...place, item: opened(item) };
  const at = { ...place, item_id: item.id };
  if (item.type === 'reasoning') yield* thoughtEvents(at);
  else if (item.type === 'message') yield* textEvents(plan, placed, at);
  else yield* callEvents(String(item.arguments), at);
  yield { type: 'response.output_item.done', ...place, item };
}

function opened(item: OutputItem): object {
  if (item.type === 'reasoning') return { ...item, summary: [] };
  const empty = item.type === 'message' ? { content: [] } : { arguments: '' };
  return { ...item, ...empty, status: 'in_progress' };
}

function* thoughtEvents(at: object): Generator<Told> {
  const place = { ...at, summary_index: 0 };
  const part = (text: string) => ({ type: 'summary_text', text });
  yield { type: 'response.reasoning_summary_part.added', ...place, part: part('') };
  yield { type: 'response.reasoning_summary_text.delta', ...place, delta: THOUGHT };
  yield { type: 'response.reasoning_summary_text.done', ...place, text: THOUGHT };
  yield { type: 'response.reasoning_summary_part.done', ...place, part: part(THOUGHT) };
}

function* textEvents(plan: ResponsePlan, { item, chunks }: Placed, at: object): Generator<Told> {
  const place = { ...at, content_index: 0 };
  const [part] = item.content as { logprobs: object[] }[];
  const { text } = plan.choice;
  const empty = { type: 'output_text', text: '', annotations: [], logprobs: [] };
  yield { type: 'response.content_part.added', ...place, part: empty };
  for (const delta of splitText(text, chunks)) {
    const characters = delta.length;
    yield { type: 'response.output_text.delta', ...place, delta, logprobs: [], characters };
  }
  yield { type: 'response.output_text.done', ...place, text, logprobs: part?.logprobs ?? [] };
  yield { type: 'response.content_part.done', ...place, part };
}

function* callEvents(json: string, at: object): Generator<Told> {
  for (const delta of splitText(json, Math.ceil(json.length / 8))) {
    const type = 'response.function_call_arguments.delta';
    yield { type, ...at, delta, characters: delta.length };
  }
  yield { type: 'response.function_call_arguments.done', ...at, arguments: json };
}
