import type { Encoding } from './tokenizers.ts';

/** How the tokens of a model's text are counted or estimated. */
export interface TokenRule {
  encoding: Encoding;
  /** What the model counts for one token of the encoding. */
  factor: number;
  image: 'openai' | 'anthropic' | 'gemini';
}

/**
 * The rule of a model, by its provider's kind and its name. OpenAI's own models are counted exactly; for the others there is
 * no tokenizer to be had, and these are the factors that are known of them:
 *
 * | models                                   | vocabulary | factor                                            |
 * |------------------------------------------|------------|---------------------------------------------------|
 * | gpt-3.5, gpt-4 (not 4o, 4.1), embeddings | cl100k     | 1                                                 |
 * | all other models of OpenAI and Azure     | o200k      | 1                                                 |
 * | Claude before the fifth generation       | o200k      | 1.2                                               |
 * | Claude since Sonnet 5, Fable             | o200k      | 1.5                                               |
 * | Gemini, Gemma                            | o200k      | 1.1; about four characters a token                |
 * | Llama, Mistral, Qwen, DeepSeek           | o200k      | 1.15                                              |
 * | unknown                                  | o200k      | 1                                                 |
 *
 * They are for reservations, which the usage that the vendor reports replaces.
 */
export function tokenRuleOf(kind: string, model: string): TokenRule {
  const name = model.toLowerCase();
  if (kind === 'anthropic' || name.includes('claude')) {
    const isNew = /fable|claude-[a-z]+-(?:[5-9]|\d\d)(?!\d)/.test(name);
    return { encoding: 'o200k_base', factor: isNew ? 1.5 : 1.2, image: 'anthropic' };
  }
  if (kind === 'gemini' || /gemini|gemma/.test(name))
    return { encoding: 'o200k_base', factor: 1.1, image: 'gemini' };
  const isOlder = /gpt-3\.5|gpt-35|gpt-4(?!o|\.|\d)|embedding/.test(name);
  if (isOlder) return { encoding: 'cl100k_base', factor: 1, image: 'openai' };
  const factor = /llama|mistral|mixtral|qwen|deepseek/.test(name) ? 1.15 : 1;
  return { encoding: 'o200k_base', factor, image: 'openai' };
}
