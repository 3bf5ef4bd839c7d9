import { READ_FACTOR } from '../prompt-prefixes.ts';

/** A simulated model; every vendor offers the same ones. */
export type Model = {
  id: string;
  type: 'chat' | 'embedding' | 'transcription' | 'rerank';
  contextTokens: number;
  /** Most tokens of one answer, for vendors that check it. */
  maxOutputTokens: number;
  inputUsdPerMillion: number;
  outputUsdPerMillion: number;
  /** Set for a model that is billed by the length of the audio, not by tokens. */
  usdPerMinute?: number;
};

/** All models, as `GET /models` lists them. */
export const MODELS: readonly Model[] = [
  {
    id: 'sim-chat',
    type: 'chat',
    contextTokens: 131_072,
    maxOutputTokens: 65_536,
    inputUsdPerMillion: 0.15,
    outputUsdPerMillion: 0.6,
  },
  {
    id: 'sim-chat-large',
    type: 'chat',
    contextTokens: 262_144,
    maxOutputTokens: 65_536,
    inputUsdPerMillion: 2.5,
    outputUsdPerMillion: 10,
  },
  {
    id: 'sim-embedding',
    type: 'embedding',
    contextTokens: 8192,
    maxOutputTokens: 0,
    inputUsdPerMillion: 0.02,
    outputUsdPerMillion: 0,
  },
  {
    id: 'sim-transcription',
    type: 'transcription',
    contextTokens: 0,
    maxOutputTokens: 0,
    inputUsdPerMillion: 0,
    outputUsdPerMillion: 0,
    usdPerMinute: 0.006,
  },
  {
    id: 'sim-transcription-tokens',
    type: 'transcription',
    contextTokens: 16_000,
    maxOutputTokens: 2000,
    inputUsdPerMillion: 2.5,
    outputUsdPerMillion: 10,
  },
  {
    id: 'sim-rerank',
    type: 'rerank',
    contextTokens: 8192,
    maxOutputTokens: 0,
    inputUsdPerMillion: 0.02,
    outputUsdPerMillion: 0,
  },
];

/** A listed model, or a variant of one: `sim-chat-canary` behaves like `sim-chat`. */
export function findModel(id: string): Model | undefined {
  let best: Model | undefined;
  for (const model of MODELS) {
    if (id !== model.id && !id.startsWith(`${model.id}-`)) continue;
    if (best === undefined || model.id.length > best.id.length) best = model;
  }
  return best;
}

/** What a call costs, `cachedTokens` of whose input were read from a prompt cache. */
export function costUsd(
  model: Model,
  inputTokens: number,
  outputTokens: number,
  cachedTokens = 0,
): number {
  const input = inputTokens - cachedTokens * (1 - READ_FACTOR);
  return (input * model.inputUsdPerMillion + outputTokens * model.outputUsdPerMillion) / 1_000_000;
}
