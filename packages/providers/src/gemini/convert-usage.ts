import type { Usage } from '@sluice/contracts';

import type { UsageMetadata } from './generate-content-response.ts';

/**
 * Gemini's count: the prompt includes what was cached but not the prompts of its own tools, the candidates do not include
 * the thoughts. A count of zero is left out, as everywhere in its JSON: an answer that was blocked has no candidates' count,
 * and what the total has beyond the prompt is the output. Undefined where it counts nothing.
 * @see https://ai.google.dev/api/generate-content#UsageMetadata
 */
export function convertUsage(usage: UsageMetadata | undefined): Usage | undefined {
  if (!usage) return undefined;
  const input = sumOf(usage.promptTokenCount, usage.toolUsePromptTokenCount);
  const output =
    sumOf(usage.candidatesTokenCount, usage.thoughtsTokenCount) ??
    restOf(usage.totalTokenCount, input);
  const total = usage.totalTokenCount ?? sumOf(input, output);
  if (total === undefined) return undefined;
  const modalities = [usage.promptTokensDetails, usage.candidatesTokensDetails];
  const sounds = modalities.flatMap((list) => list ?? []).filter((it) => it.modality === 'AUDIO');
  const sound = sumOf(...sounds.map(({ tokenCount }) => tokenCount)) ?? 0;
  const { cachedContentTokenCount: cached, thoughtsTokenCount: thoughts } = usage;
  return {
    ...(input !== undefined && { input_tokens: input }),
    ...(typeof cached === 'number' && { cached_input_tokens: cached }),
    ...(output !== undefined && { output_tokens: output }),
    ...(typeof thoughts === 'number' && { reasoning_tokens: thoughts }),
    ...(sound > 0 && { audio_tokens: sound }),
    total_tokens: total,
    source: 'provider',
  };
}

function sumOf(...counts: (number | null | undefined)[]): number | undefined {
  const given = counts.filter((count) => typeof count === 'number');
  return given.length === 0 ? undefined : given.reduce((sum, count) => sum + count, 0);
}

function restOf(total: number | null | undefined, part: number | undefined): number | undefined {
  return typeof total === 'number' && part !== undefined ? Math.max(0, total - part) : undefined;
}
