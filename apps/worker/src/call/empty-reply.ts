import {
  answersOf,
  saysSomething,
  SluiceError,
  type ChatInput,
  type RunResult,
  type Usage,
} from '@sluice/contracts';

import type { Plan } from '../begin/plan-job.ts';

/**
 * The error that a chat's reply is which came to its limit of tokens before it said anything: `context_length_exceeded` where
 * the prompt left no room, which another model may have, else `empty_reply`. Undefined for any other reply. It is paid for.
 */
export function emptyReply(
  { record, target }: Pick<Plan, 'record' | 'target'>,
  { result, usage }: { result: RunResult; usage: Usage | undefined },
): SluiceError | undefined {
  if (result.type !== 'chat') return undefined;
  const answers = answersOf(result);
  const isCut = answers.every(({ finish_reason: { unified } }) => unified === 'length');
  if (!isCut || answers.some(saysSomething)) return undefined;
  const { name } = target.provider;
  const { input_tokens: input = 0, output_tokens: output, reasoning_tokens: thought } = usage ?? {};
  const { contextWindow = Infinity } = target.facts;
  if (input >= contextWindow) {
    const message = `${name} wrote nothing: the prompt of ${input} tokens fills the context window of ${target.model} (${contextWindow})`;
    return new SluiceError('context_length_exceeded', message, { param: 'input.messages' });
  }
  // The record's type says which input it holds; zod checked it at accept.
  const { max_completion_tokens: asked, max_tokens: older } = record.input as ChatInput;
  const limit = asked ?? older;
  const bound = limit === undefined ? 'its limit of tokens' : `the ${limit} tokens it was allowed`;
  const went =
    output === undefined
      ? ''
      : `: all ${output} that it used went to ${thought ? 'thoughts' : 'something that it did not show'}`;
  const param =
    limit === undefined
      ? undefined
      : `input.${asked === undefined ? 'max_tokens' : 'max_completion_tokens'}`;
  const message = `${name} wrote nothing within ${bound}${went}; allow more, or less reasoning_effort`;
  return new SluiceError('empty_reply', message, { param });
}
