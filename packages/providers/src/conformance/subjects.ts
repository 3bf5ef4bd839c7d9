import { anthropic } from './anthropic.ts';
import { azureOpenAi } from './azure-openai.ts';
import { difyAgent, difyChat } from './dify-chat.ts';
import { dify } from './dify.ts';
import { gemini } from './gemini.ts';
import { ollama } from './ollama.ts';
import { openAi } from './openai.ts';
import { openAiCompatible } from './openai-compatible.ts';
import type { Subject } from './subject.ts';

/** Every adapter that the conformance suite examines: a new one is a fixture file and a line here. */
export const subjects: readonly Subject[] = [
  openAiCompatible,
  openAi,
  azureOpenAi,
  anthropic,
  dify,
  difyChat,
  difyAgent,
  gemini,
  ollama,
];
