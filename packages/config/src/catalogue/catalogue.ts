import { anthropicRows } from './anthropic.ts';
import type { CatalogueEntry, CatalogueRows } from './catalogue-entry.ts';
import { googleRows } from './google.ts';
import { openAiEmbeddingModels, openAiModels } from './openai.ts';
import { otherRows } from './others.ts';

/**
 * What is known of upstream models, by the exact name. An unknown figure is left out: none is better than a wrong one.
 * Whoever needs another says it in the configuration, or names a file that has it.
 */
export const catalogue: CatalogueRows = Object.assign(
  // No prototype: a model may be called `constructor`.
  Object.create(null),
  openAiModels,
  openAiEmbeddingModels,
  anthropicRows,
  googleRows,
  otherRows,
);

/** The entry of an upstream model. `claude-haiku-4-5-20251001` is `claude-haiku-4-5` with its date. */
export function findModel(model: string): CatalogueEntry | undefined {
  return catalogue[model] ?? catalogue[model.replace(/^(claude-.+)-\d{8}$/, '$1')];
}
