import type { Usage } from '../../ledger/ledger-entry.ts';
import type { Model } from '../../models/catalogue.ts';
import type { InputUse } from './prompt-cache.ts';

/** Prices of cached input, as factors of the input price. */
const READ_FACTOR = 0.1;
const WRITE_5M_FACTOR = 1.25;
const WRITE_1H_FACTOR = 2;

/**
 * Anthropic's usage object of a message: `input_tokens` is what was neither read from the cache nor
 * written to it.
 */
export function messageUsage(
  input: InputUse,
  outputTokens: number,
  thinkingTokens: number,
): object {
  return {
    ...deltaUsage(input, outputTokens, thinkingTokens),
    cache_creation: {
      ephemeral_5m_input_tokens: input.writtenTokens['5m'],
      ephemeral_1h_input_tokens: input.writtenTokens['1h'],
    },
    service_tier: 'standard',
    speed: 'standard',
    inference_geo: 'global',
  };
}

/** The cumulative usage object of a stream's `message_delta`. */
export function deltaUsage(input: InputUse, outputTokens: number, thinkingTokens: number): object {
  return {
    input_tokens: input.freshTokens,
    cache_creation_input_tokens: writtenTokens(input),
    cache_read_input_tokens: input.readTokens,
    output_tokens: outputTokens,
    output_tokens_details: { thinking_tokens: thinkingTokens },
    server_tool_use: null,
  };
}

/** What the input token limit is charged: everything but what the cache knew. */
export function chargedTokens(input: InputUse): number {
  return input.freshTokens + writtenTokens(input);
}

/** What the ledger books. */
export function billMessage(model: Model, input: InputUse, outputTokens: number): Usage {
  const { freshTokens, readTokens, writtenTokens: written } = input;
  const weighed =
    freshTokens +
    readTokens * READ_FACTOR +
    written['5m'] * WRITE_5M_FACTOR +
    written['1h'] * WRITE_1H_FACTOR;
  const { inputUsdPerMillion, outputUsdPerMillion } = model;
  return {
    inputTokens: chargedTokens(input) + readTokens,
    outputTokens,
    costUsd: (weighed * inputUsdPerMillion + outputTokens * outputUsdPerMillion) / 1_000_000,
  };
}

function writtenTokens(input: InputUse): number {
  return input.writtenTokens['5m'] + input.writtenTokens['1h'];
}
