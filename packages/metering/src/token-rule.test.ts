import { expect, test } from 'vitest';

import { tokenRuleOf } from './token-rule.ts';

test.each([
  ['openai', 'gpt-4o-mini', 'o200k_base', 1],
  ['openai', 'gpt-4.1', 'o200k_base', 1],
  ['openai', 'gpt-5.6-luna', 'o200k_base', 1],
  ['openai', 'gpt-4-turbo', 'cl100k_base', 1],
  ['openai', 'gpt-4', 'cl100k_base', 1],
  ['openai', 'text-embedding-3-small', 'cl100k_base', 1],
  ['azure-openai', 'gpt-35-turbo', 'cl100k_base', 1],
  ['azure-openai', 'my-deployment', 'o200k_base', 1],
  ['anthropic', 'claude-opus-4-1', 'o200k_base', 1.2],
  ['anthropic', 'claude-3-5-haiku-20241022', 'o200k_base', 1.2],
  ['anthropic', 'claude-sonnet-5-5', 'o200k_base', 1.5],
  ['gemini', 'gemini-2.5-flash', 'o200k_base', 1.1],
  ['ollama', 'llama3.2', 'o200k_base', 1.15],
  ['openai-compatible', 'deepseek-chat', 'o200k_base', 1.15],
  ['openai-compatible', 'sim-chat', 'o200k_base', 1],
])('%s %s is counted with %s times %d', (kind, model, encoding, factor) => {
  expect(tokenRuleOf(kind, model)).toMatchObject({ encoding, factor });
});
