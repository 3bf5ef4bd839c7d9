import { invalidRequest } from '../errors.ts';
import type { AnthropicError } from '../errors.ts';
import { isObject } from './content-block.ts';
import type { ToolChoice } from './read-tools.ts';

/** How a request wants the model to think. */
export type Thinking = {
  enabled: boolean;
  /** Whether the text of the thoughts is sent, or only their signature. */
  shown: boolean;
  /** Most tokens of thought; absent = as many as max_tokens allows. */
  budgetTokens?: number;
};

const NONE: Thinking = { enabled: false, shown: false };
const MIN_BUDGET_TOKENS = 1024;

/** Reads `thinking`. @see https://platform.claude.com/docs/en/build-with-claude/extended-thinking */
export function readThinking(
  thinking: unknown,
  maxTokens: number,
  choice: ToolChoice,
): Thinking | AnthropicError {
  if (thinking === undefined || thinking === null) return NONE;
  const { type, display, budget_tokens: budget } = isObject(thinking) ? thinking : {};
  if (type === 'disabled' || type === 'between_tools') return NONE;
  if (type !== 'adaptive' && type !== 'enabled') {
    const expected = "'adaptive', 'enabled', 'between_tools' or 'disabled'";
    return invalidRequest(`thinking.type: Input should be ${expected}`);
  }
  if (choice.type === 'any' || choice.type === 'tool') {
    return invalidRequest('Thinking may not be enabled when tool_choice forces tool use.');
  }
  const shown = display !== 'omitted';
  if (type === 'adaptive') return { enabled: true, shown };
  const place = 'thinking.enabled.budget_tokens';
  if (typeof budget !== 'number') return invalidRequest(`${place}: Field required`);
  if (budget < MIN_BUDGET_TOKENS) {
    const limit = `greater than or equal to ${MIN_BUDGET_TOKENS}`;
    return invalidRequest(`${place}: Input should be ${limit}`);
  }
  if (budget >= maxTokens) {
    return invalidRequest('`max_tokens` must be greater than `thinking.budget_tokens`.');
  }
  return { enabled: true, shown, budgetTokens: budget };
}
