import type { Target } from '@sluice/config';
import type { ChatInput } from '@sluice/contracts';

import { refuseParameter } from './refuse-input.ts';

/** Whether a value asks for what every model does anyway: such a parameter is left out without a word. */
const asksNothing = {
  top_k: () => false,
  seed: () => false,
  stop: () => false,
  frequency_penalty: (value) => value === 0,
  presence_penalty: (value) => value === 0,
  logit_bias: (value) => Object.keys(value).length === 0,
  n: (value) => value === 1,
  logprobs: (value) => !value,
  top_logprobs: (value) => value === 0,
  parallel_tool_calls: (value) => value,
  verbosity: () => false,
  service_tier: (value) => value === 'auto' || value === 'default' || value === 'standard',
  store: (value) => !value,
  metadata: (value) => Object.keys(value).length === 0,
  modalities: (value) => value.every((modality) => modality === 'text'),
  audio: () => false,
  prediction: () => false,
  web_search_options: () => false,
} as const satisfies {
  [Name in keyof ChatInput]?: (value: NonNullable<ChatInput[Name]>) => boolean;
};

/** A parameter that some vendors have no word for. */
export type OptionalParameter = keyof typeof asksNothing;

/**
 * The input without what the target's vendor has no word for: what asks for nothing is left out, anything else where the target
 * drops it.
 * @throws SluiceError `upstream_invalid_request`, naming the first of them, where it does not.
 */
export function withoutForeign(
  target: Target,
  input: ChatInput,
  foreign: readonly OptionalParameter[],
): ChatInput {
  const rest = { ...input };
  for (const name of foreign) {
    const value = rest[name];
    // The value of that name has that name's type.
    const isNeutral = asksNothing[name] as (given: unknown) => boolean;
    if (value !== undefined && !isNeutral(value)) refuseParameter(target, name);
    delete rest[name];
  }
  return rest;
}

/**
 * How many of the likeliest tokens to tell with each one; undefined where no probabilities are asked for.
 * @throws SluiceError `upstream_invalid_request` for `top_logprobs` without `logprobs`, unless the target drops it.
 */
export function topLogprobs(target: Target, input: ChatInput): number | undefined {
  const { logprobs, top_logprobs: top } = input;
  if (logprobs) return top ?? 0;
  if (top !== undefined) refuseParameter(target, 'top_logprobs', 'it needs "logprobs": true');
  return undefined;
}
