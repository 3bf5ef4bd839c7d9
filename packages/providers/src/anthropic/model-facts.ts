import type { Target } from '@sluice/config';

/** For models of which it is not known: what every model of Anthropic can write. */
const commonOutputTokens = 4_096;

/**
 * The limit that is sent where the client sets none, because the vendor demands one: all that the model can write (it does
 * not count against rate limits), or 4,096 tokens for a model that is not known.
 * @see https://platform.claude.com/docs/en/api/rate-limits
 */
export function defaultMaxTokens({ facts }: Pick<Target, 'facts'>): number {
  return facts.maxOutputTokens ?? commonOutputTokens;
}

/** Models after Opus 4.6 take no temperature but 1 and no top_p below 0.99. A name that is not Anthropic's is no such; `sampling` of the configuration knows better. */
export function hasFixedSampling({ model, facts }: Pick<Target, 'model' | 'facts'>): boolean {
  if (facts.sampling !== undefined) return !facts.sampling;
  return /^claude-(?:opus-4-[7-9]|(?:fable|mythos|opus|sonnet|haiku)-(?:[5-9]|preview))/.test(
    model,
  );
}

/** Models before Opus 4.6 and Sonnet 4.6 cannot be told how hard to think, only how many tokens to think for. */
export function hasNoEffort(model: string): boolean {
  return /^claude-(?:3|instant|2|haiku-4|sonnet-4(?!-[6-9])|opus-4(?!-[6-9]))/.test(model);
}

/** Fable cannot be kept from thinking. */
export function alwaysThinks(model: string): boolean {
  return model.startsWith('claude-fable-');
}
