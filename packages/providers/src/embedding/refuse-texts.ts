import type { Target } from '@sluice/config';
import type { EmbeddingTexts } from '@sluice/contracts';
import { listEmbeddingTexts } from '@sluice/contracts';

import { unsupportedInput } from '../chat/refuse-input.ts';

/** Throws `upstream_invalid_request` for more inputs than the vendor takes in one call. They are never split or left out. */
export function refuseTooMany(target: Target, input: EmbeddingTexts, most: number): void {
  const given = listEmbeddingTexts(input).length;
  if (given <= most) return;
  throw unsupportedInput(target, 'input', `it has ${given} inputs, one call takes at most ${most}`);
}

/** The inputs as texts; throws `upstream_invalid_request` for tokens, which only their own vendor's tokenizer understands. */
export function textsOnly(target: Target, input: EmbeddingTexts): string[] {
  return listEmbeddingTexts(input).map((text) => {
    if (typeof text === 'string') return text;
    throw unsupportedInput(target, 'input', 'it takes texts, not tokens');
  });
}
