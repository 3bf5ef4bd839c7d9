import type { Reply } from '../../server/call.ts';
import { geminiError, invalidField } from '../errors.ts';
import { findUnknownField } from '../find-unknown-field.ts';
import { readRecord } from '../read-record.ts';
import type { GeminiRecord } from '../read-record.ts';

const MAX_STOPS = 5;
const FIELDS: ReadonlySet<string> = new Set([
  'audioTimestamp',
  'audioTranscriptionConfig',
  'candidateCount',
  'enableEnhancedCivicAnswers',
  'frequencyPenalty',
  'imageConfig',
  'logprobs',
  'maxOutputTokens',
  'mediaResolution',
  'presencePenalty',
  'responseJsonSchema',
  'responseLogprobs',
  'responseMimeType',
  'responseModalities',
  'responseSchema',
  'seed',
  'speechConfig',
  'stopSequences',
  'temperature',
  'thinkingConfig',
  'topK',
  'topP',
]);

/** How much a model thinks before it answers. */
export type Thinking = { includeThoughts: boolean; budgetTokens: number };

/** The parts of `generationConfig` that the simulator acts upon. */
export type GenerationConfig = {
  maxTokens: number | undefined;
  candidates: number;
  stop: string[];
  json: { schema: unknown } | undefined;
  /** Absent = the model does not think. */
  thinking: Thinking | undefined;
};

/**
 * Reads `generationConfig`, or says what is wrong with it.
 * @see https://ai.google.dev/api/generate-content#generationconfig
 */
export function readGenerationConfig(value: unknown): GenerationConfig | Reply {
  const config = readRecord(value ?? {});
  if (config === undefined) return geminiError(400, 'Invalid value at "generation_config".');
  const unknown = findUnknownField(config, FIELDS, 'generation_config');
  if (unknown !== undefined) return unknown;
  const wrong = checkNumbers(config);
  if (wrong !== undefined) return wrong;
  const stop = config.stopSequences ?? [];
  if (!isTexts(stop) || stop.length > MAX_STOPS) {
    const problem = `the number of stop sequences must be in the range [0, ${MAX_STOPS}]`;
    return invalidField('generation_config.stop_sequences', problem);
  }
  const json = readJsonMode(config);
  if (json !== undefined && 'status' in json) return json;
  return {
    maxTokens: isNumber(config.maxOutputTokens) ? config.maxOutputTokens : undefined,
    candidates: isNumber(config.candidateCount) ? config.candidateCount : 1,
    stop,
    json,
    thinking: readThinking(config.thinkingConfig),
  };
}

const RANGES: readonly [name: string, field: string, min: number, max: number][] = [
  ['maxOutputTokens', 'max_output_tokens', 1, Infinity],
  ['candidateCount', 'candidate_count', 1, 8],
  ['temperature', 'temperature', 0, 2],
  ['topP', 'top_p', 0, 1],
  ['topK', 'top_k', 1, Infinity],
  ['presencePenalty', 'presence_penalty', -2, 2],
  ['frequencyPenalty', 'frequency_penalty', -2, 2],
];

function checkNumbers(config: GeminiRecord): Reply | undefined {
  for (const [name, field, min, max] of RANGES) {
    const value = config[name] ?? undefined;
    if (value === undefined) continue;
    if (!isNumber(value)) {
      const given = JSON.stringify(value);
      return geminiError(400, `Invalid value at 'generation_config.${field}', ${given}`);
    }
    if (value >= min && value <= max) continue;
    const range = max === Infinity ? `at least ${min}` : `in the range [${min}, ${max}]`;
    return invalidField(`generation_config.${field}`, `${field} must be ${range}.`);
  }
  return undefined;
}

function readJsonMode(config: GeminiRecord): { schema: unknown } | Reply | undefined {
  const schema = config.responseJsonSchema ?? config.responseSchema ?? undefined;
  if (config.responseMimeType === 'application/json') return { schema: lowerTypes(schema) };
  if (schema === undefined) return undefined;
  const problem =
    'response mime type must be set to "application/json" when a response schema is given.';
  return invalidField('generation_config.response_mime_type', problem);
}

/** A JSON Schema of the vendor's dialect, whose types are `OBJECT`, `STRING`, …. */
export function lowerTypes(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(lowerTypes);
  if (typeof schema !== 'object' || schema === null) return schema;
  return Object.fromEntries(
    Object.entries(schema).map(([name, value]) => [
      name,
      name === 'type' && typeof value === 'string' ? value.toLowerCase() : lowerTypes(value),
    ]),
  );
}

/** A budget of 0 switches thinking off; −1 and a level leave it to the model. */
function readThinking(value: unknown): Thinking | undefined {
  const config = readRecord(value);
  if (config === undefined || config.thinkingBudget === 0) return undefined;
  const budget = isNumber(config.thinkingBudget) ? config.thinkingBudget : -1;
  return {
    includeThoughts: config.includeThoughts === true,
    budgetTokens: budget > 0 ? budget : Infinity,
  };
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number';
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
