import { loadTokenizer } from './count-tokens.ts';
import { tokenRuleOf } from './token-rule.ts';

/** Loads what the texts of these models are counted with, so that no job has to wait for it. */
export async function loadTokenizers(
  models: Iterable<{ kind: string; model: string }>,
): Promise<void> {
  const encodings = new Set(
    Array.from(models, ({ kind, model }) => tokenRuleOf(kind, model).encoding),
  );
  for (const encoding of encodings) await loadTokenizer(encoding);
}
