import type { ChatResult, CompletedJob, ReasoningPart, ToolCall, Usage } from '@sluice/contracts';

import { keepThoughts } from './kept-thoughts.ts';
import type { MessageBody } from './message-body.ts';

/** What the answer says of the call: the model as the client has named it. */
export interface AskedMessage {
  jobId: string;
  model: string;
  stopSequences: readonly string[];
  /** It wants to see thoughts that nobody has signed, too. */
  showsThoughts: boolean;
}

export function askedOf(body: MessageBody, jobId: string): AskedMessage {
  const { model, stop_sequences: stopSequences = [], thinking, output_config: config } = body;
  const thinks = thinking ? thinking.type !== 'disabled' : config?.effort !== undefined;
  return { jobId, model, stopSequences, showsThoughts: thinks };
}

/** A completed job as a message. @see https://platform.claude.com/docs/en/api/messages/create */
export function messageOf(job: CompletedJob, asked: AskedMessage): string {
  const result = chatOf(job);
  return JSON.stringify({
    ...messageHead(asked),
    content: blocksOf(result.message, asked),
    ...endOf(result, asked),
    usage: messageUsage(job.usage),
  });
}

export function messageHead({ jobId, model }: Pick<AskedMessage, 'jobId' | 'model'>) {
  const id = `msg_${jobId.replace(/^job_/, '')}`;
  return { id, type: 'message', role: 'assistant', model, container: null, diagnostics: null };
}

export function chatOf({ result }: CompletedJob): ChatResult {
  if (result.type !== 'chat') throw new TypeError(`a ${result.type} is no message`);
  return result;
}

function blocksOf(message: ChatResult['message'], { showsThoughts }: AskedMessage): object[] {
  const { content, reasoning, reasoning_parts: parts = [], tool_calls: calls = [] } = message;
  const signed = parts.filter((part) => part.type !== 'thought_signature');
  const unsigned = signed.length === 0 && showsThoughts && reasoning !== undefined;
  const kept = keepThoughts(message, signed);
  return [
    ...(unsigned ? [{ type: 'thinking', thinking: reasoning, signature: '' }] : []),
    ...thoughtsBefore(signed, undefined),
    ...(content ? [{ type: 'text', text: content, citations: null }] : []),
    ...calls.flatMap((call, index) => [...thoughtsBefore(signed, index), toToolUse(call)]),
    ...(kept ? [kept] : []),
  ];
}

function thoughtsBefore(
  parts: readonly Exclude<ReasoningPart, { type: 'thought_signature' }>[],
  place: number | undefined,
): object[] {
  return parts.flatMap(({ before_tool_call: before, ...block }) =>
    before === place ? [block] : [],
  );
}

/** The model itself calls the tool, no code that Anthropic runs. */
export const directly = { type: 'direct' } as const;

function toToolUse({ id, function: { name, arguments: text } }: ToolCall): object {
  return { type: 'tool_use', id, name, input: readArguments(text), caller: directly };
}

/** A model may write what is no JSON; then the client gets to see it, and the tool can say what is wrong. */
function readArguments(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text || '{}');
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch {
    // Below.
  }
  return { invalid_json: text };
}

const itsReasons: ReadonlySet<string> = new Set([
  'end_turn',
  'max_tokens',
  'stop_sequence',
  'tool_use',
  'pause_turn',
  'refusal',
  'model_context_window_exceeded',
]);
const reasonOf = {
  stop: 'end_turn',
  length: 'max_tokens',
  tool_calls: 'tool_use',
  content_filter: 'refusal',
  other: 'end_turn',
} as const;

/** Why it ends. Which of several stop sequences it was no vendor but Anthropic says, so it stays open. */
export function endOf({ finish_reason: reason, message }: ChatResult, asked: AskedMessage) {
  const { raw, unified } = reason;
  const hasCalls = (message.tool_calls?.length ?? 0) > 0;
  const calls = hasCalls && unified === 'stop' && raw !== 'pause_turn';
  const { refusal } = message;
  const usual = itsReasons.has(raw) ? raw : reasonOf[unified];
  const stopReason = refusal === undefined ? (calls ? 'tool_use' : usual) : 'refusal';
  const [only, ...others] = asked.stopSequences;
  const isSequence = stopReason === 'stop_sequence' && others.length === 0;
  const details = { type: 'refusal', category: null, explanation: refusal ?? null };
  return {
    stop_reason: stopReason,
    stop_sequence: isSequence ? (only ?? null) : null,
    stop_details: stopReason === 'refusal' ? details : null,
  };
}

/** Usage as Anthropic tells it: `input_tokens` is what the prompt cache neither gave nor took. */
export function messageUsage(usage: Usage | undefined) {
  const { input_tokens: input = 0, total_tokens: total = 0, output_tokens: output } = usage ?? {};
  const read = usage?.cached_input_tokens ?? 0;
  const written = usage?.cache_write_input_tokens ?? 0;
  const hourly = usage?.cache_write_1h_input_tokens ?? 0;
  const thought = usage?.reasoning_tokens;
  return {
    input_tokens: Math.max(0, input - read - written),
    cache_creation_input_tokens: written,
    cache_read_input_tokens: read,
    cache_creation: {
      ephemeral_5m_input_tokens: Math.max(0, written - hourly),
      ephemeral_1h_input_tokens: hourly,
    },
    output_tokens: output ?? Math.max(0, total - input),
    output_tokens_details: thought === undefined ? null : { thinking_tokens: thought },
    server_tool_use: null,
    service_tier: 'standard',
    inference_geo: null,
    speed: null,
  };
}
