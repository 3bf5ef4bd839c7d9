/**
 * What one upstream call took, mostly tokens. `input_tokens` is the total input, cached parts included; `output_tokens` includes
 * reasoning. A number that the upstream did not give is absent, never zero.
 */
export interface Usage {
  input_tokens?: number;
  cached_input_tokens?: number;
  /** Part of the input that the upstream wrote to its prompt cache; some vendors charge more for it. */
  cache_write_input_tokens?: number;
  /** Part of `cache_write_input_tokens` that is kept for an hour, which Anthropic charges more for. */
  cache_write_1h_input_tokens?: number;
  output_tokens?: number;
  reasoning_tokens?: number;
  /** Sound among the tokens, in and out: vendors charge it at a price of its own. */
  audio_tokens?: number;
  /** What Cohere bills a ranking by: 100 documents each. */
  search_units?: number;
  /** Sound, where a transcription is billed by it. */
  audio_seconds?: number;
  /** 0 where the upstream counts something else. */
  total_tokens: number;
  /** Who counted: the upstream, or Sluice with a tokenizer because the upstream said nothing. */
  source: 'provider' | 'estimate';
}

/** US dollars with six decimals, or `unknown` where no price is configured. Never a guess. */
export type CostUsd = string | 'unknown';
