import type { World } from '../../world.ts';
import type { ChatRequest } from './read-chat-request.ts';

/** Tokens of the prompt that were read from the vendor's cache. Prompts are known to the key and model that sent them before. */
export function readPrefix({ prefixes }: World, request: ChatRequest, key: string): number {
  const { modelId, messages, tools, promptTokens } = request;
  const said = messages.map(({ role, text }) => `${role}: ${text}`).join('\n');
  const prompt = `${tools.length > 0 ? JSON.stringify(tools) : ''}${said}`;
  return Math.min(prefixes.read(`${key} ${modelId}`, prompt), promptTokens);
}
