import { createAzureOpenAiDialect } from '../azure-openai/dialect.ts';
import { createDifyDialect } from '../dify/dialect.ts';
import { createOpenAiDialect } from '../openai/dialect.ts';
import type { CreateDialect } from './dialect.ts';

/** Every dialect the simulator speaks. */
export const DIALECTS: readonly CreateDialect[] = [
  createOpenAiDialect,
  createAzureOpenAiDialect,
  createDifyDialect,
];
