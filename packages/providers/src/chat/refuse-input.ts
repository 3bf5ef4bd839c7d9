import type { Target } from '@sluice/config';
import { SluiceError, type ChatInput, type ChatMessage } from '@sluice/contracts';

/**
 * The error for a part of the conversation that a target cannot take: `upstream_invalid_request`, naming
 * `input.<path>`. Messages are never left out: without them the model would answer something else.
 */
export function unsupportedInput(target: Target, path: string, problem: string): SluiceError {
  const { name, kind } = target.provider;
  const message = `${name} (${kind}) cannot take input.${path}: ${problem}`;
  return new SluiceError('upstream_invalid_request', message, { param: `input.${path}` });
}

/**
 * Throws {@link unsupportedInput} for a parameter that a target cannot take, unless the model's configuration says
 * `dropParams`: the caller then leaves it out.
 */
export function refuseParameter(target: Target, path: string, problem = 'it has no such'): void {
  if (target.dropParams) return;
  throw unsupportedInput(target, path, `${problem}; "dropParams: true" of the model leaves it out`);
}

/**
 * How many tokens the reply may have: `max_completion_tokens`, or its old name `max_tokens`. Two that differ cannot both be
 * meant.
 */
export function outputLimit(target: Target, input: ChatInput): number | undefined {
  const { max_tokens: old, max_completion_tokens: limit } = input;
  if (old !== undefined && limit !== undefined && old !== limit) {
    refuseParameter(target, 'max_tokens', 'it differs from max_completion_tokens');
  }
  return limit ?? old;
}

/** `stop` as a list. */
export function stopSequences({ stop }: ChatInput): string[] | undefined {
  return typeof stop === 'string' ? [stop] : stop;
}

/**
 * Throws {@link unsupportedInput} for a system or developer message after another one, for vendors whose system prompt
 * stands apart from the conversation. Not even `dropParams` moves it to the top: it would say something else there.
 */
export function refuseLateInstruction(
  target: Target,
  messages: readonly ChatMessage[],
  index: number,
): void {
  if (messages.slice(0, index).every(isInstruction)) return;
  const role = messages[index]?.role ?? 'system';
  const problem = `a ${role} message must stand before all others`;
  throw unsupportedInput(target, `messages[${index}].role`, problem);
}

function isInstruction({ role }: ChatMessage): boolean {
  return role === 'system' || role === 'developer';
}
