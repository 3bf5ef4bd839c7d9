import type { Exchange } from '../../server/exchange.ts';
import { countTokens, splitText } from '../../text.ts';
import type { ChatPlan } from './chat-plan.ts';
import type { Choice, ToolCall } from './compose-choice.ts';
import { describeLogprobs } from './describe-parts.ts';
import { chatUsage, completionUsage } from './usage.ts';

/** One chunk to send, and the characters of the answer that are out once it is sent. */
type Piece = { event: string; characters: number };

/**
 * Streams an answer: a role chunk, the deltas, a finish chunk, the usage when asked for, `[DONE]`.
 * @see https://platform.openai.com/docs/api-reference/chat/streaming
 */
export async function streamChat(exchange: Exchange, plan: ChatPlan): Promise<void> {
  const { request, behaviour } = plan;
  const { settings } = behaviour;
  await exchange.sleep(behaviour.draw(settings.firstByteMs ?? settings.latencyMs));
  exchange.startStream();
  let characters = 0;
  for (const piece of choicePieces(exchange, plan)) {
    await exchange.send(piece.event);
    if (!exchange.open) break;
    characters += piece.characters;
    if (piece.characters > 0) await exchange.sleep(behaviour.draw(settings.chunkDelayMs));
  }
  const usage = chatUsage(plan, countTokens(characters));
  if (exchange.open && request.includeUsage) {
    const counts = completionUsage(plan, usage.outputTokens);
    await exchange.send(toEvent({ ...chunkBase(exchange, plan), choices: [], usage: counts }));
  }
  await exchange.send('data: [DONE]\n\n');
  await exchange.endStream();
  exchange.settleByEnding(usage);
}

function* choicePieces(exchange: Exchange, plan: ChatPlan): Generator<Piece> {
  const base = chunkBase(exchange, plan);
  const { leadingChunk, choiceFields } = plan.variant;
  if (leadingChunk !== undefined) yield { event: toEvent(leadingChunk), characters: 0 };
  const usage = plan.request.includeUsage ? { usage: null } : {};
  for (const [index, choice] of plan.choices.entries()) {
    const chunk = (
      delta: Record<string, unknown>,
      finishReason: string | null,
      hasContent = false,
    ): string => {
      const { content: said } = delta;
      const text = typeof said === 'string' ? said : '';
      const logprobs = hasContent ? describeLogprobs(plan.request, text) : null;
      const fields = { index, delta, logprobs, finish_reason: finishReason };
      return toEvent({ ...base, choices: [{ ...fields, ...choiceFields(hasContent) }], ...usage });
    };
    const content = choice.toolCalls.length > 0 ? null : '';
    yield { event: chunk({ role: 'assistant', content, refusal: null }, null), characters: 0 };
    const pieces =
      plan.request.form.sound === undefined
        ? deltas(choice, plan.behaviour.settings.chunks)
        : soundDeltas(choice, exchange.call.requestId);
    for (const { delta, characters } of pieces) {
      yield { event: chunk(delta, null, true), characters };
    }
    yield { event: chunk({}, choice.finishReason), characters: 0 };
  }
}

function* deltas(
  choice: Choice,
  chunks: number | undefined,
): Generator<{ delta: Record<string, unknown>; characters: number }> {
  for (const content of splitText(choice.text, chunks)) {
    yield { delta: { content }, characters: content.length };
  }
  for (const [index, call] of choice.toolCalls.entries()) yield* toolDeltas(call, index);
}

/** The id comes first, then sound and transcript in pieces of their own. */
function* soundDeltas(
  { text }: Choice,
  requestId: string,
): Generator<{ delta: Record<string, unknown>; characters: number }> {
  const id = `audio_${requestId.slice(4)}`;
  yield { delta: { audio: { id, transcript: '' } }, characters: 0 };
  for (const part of splitText(text, undefined)) {
    yield { delta: { audio: { transcript: part } }, characters: part.length };
    yield { delta: { audio: { data: Buffer.from(part).toString('base64') } }, characters: 0 };
  }
}

/** The id and name come once, the arguments in parts that are not JSON by themselves. */
function* toolDeltas(
  { id, name, arguments: json }: ToolCall,
  index: number,
): Generator<{ delta: Record<string, unknown>; characters: number }> {
  const opening = { index, id, type: 'function', function: { name, arguments: '' } };
  yield { delta: { tool_calls: [opening] }, characters: name.length };
  for (const part of splitText(json, Math.ceil(json.length / 8))) {
    const delta = { tool_calls: [{ index, function: { arguments: part } }] };
    yield { delta, characters: part.length };
  }
}

function chunkBase(exchange: Exchange, { request }: ChatPlan): object {
  return {
    id: `chatcmpl-${exchange.call.requestId.slice(4)}`,
    object: 'chat.completion.chunk',
    created: Math.floor(exchange.call.ledger.entry.atMs / 1000),
    model: request.modelId,
    service_tier: request.form.serviceTier,
    system_fingerprint: 'fp_simulator',
  };
}

function toEvent(data: object): string {
  return `data: ${JSON.stringify(data)}\n\n`;
}
