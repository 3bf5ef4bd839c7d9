import { createAnthropicDialect } from '../anthropic/dialect.ts';
import { createAzureOpenAiDialect } from '../azure-openai/dialect.ts';
import { createDifyDialect } from '../dify/dialect.ts';
import { createGeminiDialect } from '../gemini/dialect.ts';
import { createOpenAiDialect } from '../openai/dialect.ts';
import type { CreateDialect } from './dialect.ts';

/** Every dialect the simulator speaks. */
export const DIALECTS: readonly CreateDialect[] = [
  createOpenAiDialect,
  createAzureOpenAiDialect,
  createAnthropicDialect,
  createGeminiDialect,
  createDifyDialect,
];
