import { createChatRoute } from '../openai/chat/chat-route.ts';
import { OPENAI_CHAT } from '../openai/chat/chat-variant.ts';
import { createEmbeddingsRoute } from '../openai/embeddings/embeddings-route.ts';
import { createModelsRoutes } from '../openai/models/models-routes.ts';
import type { Call } from '../server/call.ts';
import type { Route } from '../server/dialect.ts';
import type { World } from '../world.ts';
import { capabilitiesOf, withoutTag } from './models/find-ollama-model.ts';
import { readObject } from './read-object.ts';

/** What Ollama reads of OpenAI's requests; it ignores the rest without a word, `tool_choice` and `n` too. */
const CHAT_FIELDS = [
  'frequency_penalty',
  'max_completion_tokens',
  'max_tokens',
  'messages',
  'model',
  'presence_penalty',
  'reasoning_effort',
  'response_format',
  'seed',
  'stop',
  'stream',
  'stream_options',
  'temperature',
  'tools',
  'top_p',
];
const EMBEDDING_FIELDS = ['dimensions', 'encoding_format', 'input', 'model'];

/**
 * Ollama's OpenAI-compatible routes under `/v1`: OpenAI's own, fed with the fields Ollama reads.
 * @see https://docs.ollama.com/api/openai-compatibility
 */
export function createCompatibleRoutes(world: World): Route[] {
  const variant = { ...OPENAI_CHAT, cachesPrompts: false, reserveTokens: reservePrompt };
  return [
    keeping(createChatRoute(world, variant), CHAT_FIELDS),
    keeping(createEmbeddingsRoute(world), EMBEDDING_FIELDS),
    ...createModelsRoutes((model) => capabilitiesOf(model).length > 0),
  ];
}

function reservePrompt({ promptTokens }: { promptTokens: number }): number {
  return promptTokens;
}

function keeping(route: Route, fields: readonly string[]): Route {
  return { ...route, prepare: (call) => route.prepare(keepFields(call, fields)) };
}

/** A name of a model may have a tag here. */
function keepFields(call: Call, fields: readonly string[]): Call {
  const body = readObject(call.json);
  if (body === undefined) return call;
  const kept = Object.entries(body).filter(([name]) => fields.includes(name));
  const json = Object.fromEntries(kept);
  if (typeof json.model === 'string') json.model = withoutTag(json.model);
  return { ...call, json };
}
