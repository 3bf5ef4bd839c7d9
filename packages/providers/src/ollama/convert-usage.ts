import type { Usage } from '@sluice/contracts';

import type { ChatLine } from './chat-line.ts';

/** Ollama's count, which is in the last line. Undefined where it counts nothing. */
export function convertUsage(line: ChatLine): Usage | undefined {
  const { prompt_eval_count: input, eval_count: output } = line;
  if (typeof input !== 'number' && typeof output !== 'number') return undefined;
  return {
    ...(typeof input === 'number' && { input_tokens: input }),
    ...(typeof output === 'number' && { output_tokens: output }),
    total_tokens: (input ?? 0) + (output ?? 0),
    source: 'provider',
  };
}
