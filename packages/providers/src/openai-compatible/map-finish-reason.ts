import type { FinishReason } from '@sluice/contracts';

const unified: Record<string, FinishReason['unified']> = {
  stop: 'stop',
  stop_sequence: 'stop',
  end_turn: 'stop',
  eos: 'stop',
  length: 'length',
  max_tokens: 'length',
  tool_calls: 'tool_calls',
  function_call: 'tool_calls',
  content_filter: 'content_filter',
};

/** Why the model stopped. Some servers say `stop` after a tool call: the calls are what the client has to act on. */
export function mapFinishReason(raw: string | undefined, hasToolCalls: boolean): FinishReason {
  const mapped = unified[raw ?? ''] ?? 'other';
  return {
    unified: hasToolCalls && mapped === 'stop' ? 'tool_calls' : mapped,
    raw: raw ?? '',
  };
}
