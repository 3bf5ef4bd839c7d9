import type { ChatAsk } from '../../openai/chat/compose-choice.ts';
import type { NamedModel } from '../models/find-ollama-model.ts';

/** The parts of a call of `/api/chat` or `/api/generate` that the simulator acts upon. */
export type OllamaRequest = NamedModel & {
  surface: 'chat' | 'generate';
  ask: ChatAsk;
  /** Tokens the model sees: at most the context, the rest is cut without a word. */
  promptTokens: number;
  stream: boolean;
  think: boolean;
  /** A call without a message only loads the model, or unloads it. */
  only: 'load' | 'unload' | undefined;
};
