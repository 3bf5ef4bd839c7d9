import type { FinishReason } from '@sluice/contracts';

const unified: ReadonlyMap<string, FinishReason['unified']> = new Map([
  ['end_turn', 'stop'],
  ['stop_sequence', 'stop'],
  // A tool of Anthropic's own paused the turn; there is nothing that the client has to do but go on.
  ['pause_turn', 'stop'],
  ['max_tokens', 'length'],
  ['model_context_window_exceeded', 'length'],
  ['tool_use', 'tool_calls'],
  ['refusal', 'content_filter'],
]);

/** Why the model stopped. @see https://platform.claude.com/docs/en/build-with-claude/handling-stop-reasons */
export function mapStopReason(raw: string | undefined): FinishReason {
  return { unified: unified.get(raw ?? '') ?? 'other', raw: raw ?? '' };
}
