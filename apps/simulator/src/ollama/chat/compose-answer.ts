import { composeChoice, lastText } from '../../openai/chat/compose-choice.ts';
import type { ToolCall } from '../../openai/chat/compose-choice.ts';
import { countTokens } from '../../text.ts';
import type { OllamaRequest } from './ollama-request.ts';

/** What an answer says. */
export type OllamaAnswer = {
  thinking: string;
  text: string;
  toolCalls: ToolCall[];
  doneReason: 'stop' | 'length' | 'load' | 'unload';
  /** Tokens of thinking and text, as `eval_count`. */
  outputTokens: number;
};

/** What the model says; nothing when it is only loaded. Thinking counts against `num_predict`. */
export function composeAnswer(request: OllamaRequest, reply: string | undefined): OllamaAnswer {
  const { ask, only } = request;
  if (only !== undefined) {
    return { thinking: '', text: '', toolCalls: [], doneReason: only, outputTokens: 0 };
  }
  const limit = ask.maxTokens ?? Infinity;
  const thinking = request.think
    ? `Thinking about: ${lastText(ask, 'user')}`.slice(0, limit * 4)
    : '';
  const thinkingTokens = countTokens(thinking.length);
  const maxTokens = ask.maxTokens === undefined ? undefined : limit - thinkingTokens;
  const { text, toolCalls, finishReason, outputTokens } = composeChoice(
    { ...ask, maxTokens },
    reply,
  );
  return {
    thinking,
    text,
    toolCalls,
    doneReason: finishReason === 'length' ? 'length' : 'stop',
    outputTokens: thinkingTokens + outputTokens,
  };
}
