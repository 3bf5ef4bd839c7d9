import { composeChoice, lastText } from '../../openai/chat/compose-choice.ts';
import type { ToolCall } from '../../openai/chat/compose-choice.ts';
import { countTokens } from '../../text.ts';
import type { GenerateRequest } from './read-generate-request.ts';

/** What one candidate says. */
export type Candidate = {
  thoughts: string;
  text: string;
  toolCalls: ToolCall[];
  finishReason: 'STOP' | 'MAX_TOKENS' | 'SAFETY';
  thoughtsTokens: number;
  /** Without the thoughts. */
  tokens: number;
};

/**
 * What every candidate of an answer says. Thoughts count against `maxOutputTokens`, so that a small
 * limit may leave nothing for the text.
 */
export function composeCandidate(request: GenerateRequest, reply: string | undefined): Candidate {
  const { ask, blocked } = request;
  if (blocked === 'answer') {
    const nothing = { thoughts: '', text: '', toolCalls: [], thoughtsTokens: 0, tokens: 0 };
    return { ...nothing, finishReason: 'SAFETY' };
  }
  const thoughts = think(request);
  const thoughtsTokens = countTokens(thoughts.length);
  const maxTokens = ask.maxTokens === undefined ? undefined : ask.maxTokens - thoughtsTokens;
  const choice = composeChoice({ ...ask, maxTokens }, reply);
  return {
    thoughts,
    text: choice.text,
    toolCalls: choice.toolCalls,
    finishReason: choice.finishReason === 'length' ? 'MAX_TOKENS' : 'STOP',
    thoughtsTokens,
    tokens: choice.outputTokens,
  };
}

function think({ ask, thinking }: GenerateRequest): string {
  if (thinking === undefined) return '';
  const limit = Math.min(thinking.budgetTokens, ask.maxTokens ?? Infinity);
  return `Thinking about: ${lastText(ask, 'user')}`.slice(0, limit * 4);
}
