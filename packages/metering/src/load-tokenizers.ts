import { countOnThread } from './count-on-thread.ts';
import { tokenRuleOf } from './token-rule.ts';
import { loadedTokenizer, loadTokenizer, type Encoding } from './tokenizers.ts';

interface Counted {
  kind: string;
  model: string;
}

/** Loads what the texts of these models are counted with, for who counts so often that a thread would only be in the way. */
export async function loadTokenizers(models: Iterable<Counted>): Promise<void> {
  for (const encoding of encodingsOf(models)) await loadTokenizer(encoding);
}

/** Loads on the thread what has not loaded here, so that the first count does not wait for it. */
export async function loadTokenizersAside(models: Iterable<Counted>): Promise<void> {
  for (const encoding of encodingsOf(models)) {
    if (!loadedTokenizer(encoding)) await countOnThread('', encoding);
  }
}

function encodingsOf(models: Iterable<Counted>): Set<Encoding> {
  return new Set(Array.from(models, ({ kind, model }) => tokenRuleOf(kind, model).encoding));
}
