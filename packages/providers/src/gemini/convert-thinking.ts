import type { Target } from '@sluice/config';
import type { ChatInput } from '@sluice/contracts';

import { refuseParameter } from '../chat/refuse-input.ts';

type Effort = NonNullable<ChatInput['reasoning_effort']>;

/** Gemini 2.5 counts the tokens of its thoughts; the numbers are those of Google's own OpenAI-compatible API. */
const budgets: Partial<Record<Effort, number>> = {
  none: 0,
  minimal: 1_024,
  low: 1_024,
  medium: 8_192,
  high: 24_576,
};
const levels: Partial<Record<Effort, string>> = {
  minimal: 'MINIMAL',
  low: 'LOW',
  medium: 'MEDIUM',
  high: 'HIGH',
};

/**
 * `reasoning_effort` as a `thinkingConfig`; undefined where it is to be left out. A model that is asked to think is also
 * asked to say its thoughts: a stream that shows them is seen to be alive.
 * @see https://ai.google.dev/gemini-api/docs/thinking
 * @see https://ai.google.dev/gemini-api/docs/openai#thinking
 */
export function convertThinking(
  target: Target,
  effort: Effort | undefined,
): Record<string, unknown> | undefined {
  if (effort === undefined) return undefined;
  if (effort === 'none') return { thinkingBudget: 0 };
  if (/gemini-2\.5/i.test(target.model)) {
    const thinkingBudget = budgets[effort];
    if (thinkingBudget !== undefined) return { includeThoughts: true, thinkingBudget };
  } else {
    const thinkingLevel = levels[effort];
    if (thinkingLevel !== undefined) return { includeThoughts: true, thinkingLevel };
  }
  refuseParameter(target, 'reasoning_effort', `"${effort}" is none of its levels`);
  return undefined;
}
