import { createAnthropicDialect } from '../anthropic/dialect.ts';
import { createAzureOpenAiDialect } from '../azure-openai/dialect.ts';
import { createDifyDialect } from '../dify/dialect.ts';
import { createGeminiDialect } from '../gemini/dialect.ts';
import { createOllamaCompatibleDialect, createOllamaDialect } from '../ollama/dialect.ts';
import { createOpenAiDialect } from '../openai/dialect.ts';
import type { CreateDialect } from './dialect.ts';

/** Every dialect the simulator speaks. The first whose prefix a path has answers it. */
export const DIALECTS: readonly CreateDialect[] = [
  createOpenAiDialect,
  createAzureOpenAiDialect,
  createAnthropicDialect,
  createGeminiDialect,
  createOllamaCompatibleDialect,
  createOllamaDialect,
  createDifyDialect,
];
