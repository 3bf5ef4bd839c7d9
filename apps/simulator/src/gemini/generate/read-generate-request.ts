import type { ChatAsk } from '../../openai/chat/compose-choice.ts';
import { measureMessages } from '../../openai/chat/read-messages.ts';
import type { Call, Reply } from '../../server/call.ts';
import { geminiError, invalidJson } from '../errors.ts';
import { findGeminiModel } from '../find-gemini-model.ts';
import type { NamedModel } from '../find-gemini-model.ts';
import { findUnknownField } from '../find-unknown-field.ts';
import { readRecord } from '../read-record.ts';
import type { GeminiRecord } from '../read-record.ts';
import { readContents, readTurn } from './read-contents.ts';
import type { Turn } from './read-contents.ts';
import { readGenerationConfig } from './read-generation-config.ts';
import type { GenerationConfig, Thinking } from './read-generation-config.ts';
import { readTools } from './read-tools.ts';

/** A prompt with this text is blocked: no candidates, `promptFeedback.blockReason`. */
export const BLOCKED_PROMPT = '[[content_filter]]';
/** The answer to a prompt with this text is blocked: a candidate without content, SAFETY. */
export const BLOCKED_ANSWER = '[[unsafe_answer]]';

const FIELDS: ReadonlySet<string> = new Set([
  'cachedContent',
  'contents',
  'continuationToken',
  'generationConfig',
  'labels',
  'model',
  'safetySettings',
  'serviceTier',
  'store',
  'systemInstruction',
  'toolConfig',
  'tools',
]);

/** The parts of a request that the simulator acts upon. */
export type GenerateRequest = NamedModel & {
  ask: ChatAsk;
  promptTokens: number;
  candidates: number;
  thinking: Thinking | undefined;
  blocked: 'prompt' | 'answer' | undefined;
};

/**
 * Checks a call of `:generateContent` or `:streamGenerateContent` as the vendor does.
 * @see https://ai.google.dev/api/generate-content
 */
export function readGenerateRequest(call: Call): GenerateRequest | Reply {
  const model = findGeminiModel(call, 'generateContent');
  if ('status' in model) return model;
  const body = readRecord(call.json);
  if (body === undefined) return invalidJson();
  const request = readGenerateBody(body, model);
  if ('status' in request) return request;
  const { promptTokens } = request;
  const limit = model.model.contextTokens;
  if (promptTokens <= limit) return request;
  return geminiError(
    400,
    `The input token count (${promptTokens}) exceeds the maximum number of tokens allowed (${limit}).`,
  );
}

/** Checks a body, but not that it fits the model. */
export function readGenerateBody(body: GeminiRecord, model: NamedModel): GenerateRequest | Reply {
  const wrong = findUnknownField(body, FIELDS) ?? refuseCache(body.cachedContent);
  if (wrong !== undefined) return wrong;
  const contents = readContents(body.contents);
  if ('status' in contents) return contents;
  const config = readGenerationConfig(body.generationConfig);
  if ('status' in config) return config;
  const system = readSystem(body.systemInstruction);
  if ('status' in system) return system;
  const unsigned = config.thinking && refuseUnsigned(contents.turns);
  if (unsigned !== undefined) return unsigned;
  return assemble(body, { model, config, turns: [...system.turns, ...contents.turns] });
}

function assemble(
  body: GeminiRecord,
  { model, config, turns }: { model: NamedModel; config: GenerationConfig; turns: Turn[] },
): GenerateRequest | Reply {
  const tools = readTools(body);
  if ('status' in tools) return tools;
  const { maxTokens, stop, json } = config;
  const ask = {
    messages: turns,
    tools: tools.list,
    toolChoice: tools.choice,
    maxTokens,
    stop,
    json,
  };
  const says = (marker: string): boolean => turns.some(({ text }) => text.includes(marker));
  const blockedAnswer = says(BLOCKED_ANSWER) ? 'answer' : undefined;
  return {
    ...model,
    ask,
    promptTokens: measureMessages(turns, tools.characters),
    candidates: config.candidates,
    thinking: config.thinking,
    blocked: says(BLOCKED_PROMPT) ? 'prompt' : blockedAnswer,
  };
}

function readSystem(value: unknown): { turns: Turn[] } | Reply {
  if (value === undefined || value === null) return { turns: [] };
  const content = readRecord(value);
  if (content === undefined) return geminiError(400, 'Invalid value at "system_instruction".');
  const turn = readTurn({ ...content, role: 'user' }, 'system_instruction');
  return 'status' in turn ? turn : { turns: [{ ...turn, role: 'system' }] };
}

/** The simulator holds no cached contents. */
function refuseCache(name: unknown): Reply | undefined {
  if (name === undefined || name === null || name === '') return undefined;
  return geminiError(403, 'CachedContent not found (or permission denied)');
}

/** A thinking model wants its function calls of the running turn back with their signature. */
function refuseUnsigned(turns: Turn[]): Reply | undefined {
  const lastQuestion = turns.findLastIndex(({ role }) => role === 'user');
  if (turns.slice(lastQuestion + 1).every(({ signed }) => signed)) return undefined;
  const message =
    'Function call is missing a thought_signature in functionCall parts. This is required for tools ' +
    'to work correctly, and missing thought_signature may lead to degraded model performance.';
  return geminiError(400, message);
}
