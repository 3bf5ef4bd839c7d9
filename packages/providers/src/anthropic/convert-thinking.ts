import type { Target } from '@sluice/config';
import type { ChatInput } from '@sluice/contracts';

import { refuseParameter } from '../chat/refuse-input.ts';
import { alwaysThinks, hasNoEffort } from './model-facts.ts';

/** How a request wants the model to think; the fields of the body. */
export interface Thinking {
  thinking?: { type: 'adaptive' | 'disabled' };
  /** Goes into `output_config`. */
  effort?: string;
}

/**
 * `reasoning_effort` in Anthropic's words: `none` switches thinking off, any other effort lets the model think as much as
 * it finds right at that effort. Where a tool is forced only the effort is sent: thinking is not allowed then.
 * @throws SluiceError `upstream_invalid_request` for an effort that the model does not have.
 * @see https://platform.claude.com/docs/en/build-with-claude/adaptive-thinking
 */
export function convertThinking(target: Target, input: ChatInput): Thinking {
  const { reasoning_effort: effort } = input;
  if (effort === undefined) return {};
  const problem = problemOf(effort, target.model);
  if (problem !== undefined) {
    refuseParameter(target, 'reasoning_effort', problem);
    return {};
  }
  if (effort === 'none') return hasNoEffort(target.model) ? {} : { thinking: { type: 'disabled' } };
  return forcesTool(input) ? { effort } : { effort, thinking: { type: 'adaptive' } };
}

function problemOf(effort: string, model: string): string | undefined {
  if (effort === 'minimal') return 'it has no effort minimal';
  if (effort === 'none') return alwaysThinks(model) ? 'the model always thinks' : undefined;
  return hasNoEffort(model) ? 'the model has no efforts' : undefined;
}

function forcesTool({ tool_choice: choice }: ChatInput): boolean {
  return choice === 'required' || typeof choice === 'object';
}
