import type { ProfileName } from '@sluice/config';
import type { Usage } from '@sluice/contracts';

import type { PermitAmounts } from './permit.ts';

/** What is known of a call before it is made, in tokens. */
export interface CallEstimate {
  input: number;
  /** What the client allows to come back; absent where it sets no bound. */
  maxOutput?: number | undefined;
  /** What calls like this one have brought back lately. */
  expectedOutput: number;
}

/** How one vendor charges a call. Lanes count what they have buckets for and ignore the rest. */
export interface Profile {
  /** What a call is charged before it is made. */
  reserve(estimate: CallEstimate): PermitAmounts;
  /** What it has really used. A part that the usage does not give stays as it was reserved. */
  settle(usage: Usage, reserved: PermitAmounts): PermitAmounts;
}

/** Azure takes a call without a bound for one of the model's longest answer; Sluice does not know it and takes this. */
const azureUnboundedOutput = 4_096;

/**
 * The vendors' ways to count, as they document them:
 *
 * | profile   | tokens, before          | tokens, after | input tokens, after | output tokens, before |
 * |-----------|-------------------------|---------------|---------------------|-----------------------|
 * | openai    | max(input, max_tokens)  | input + output| input               | min(expected, max)    |
 * | azure     | input + max_tokens      | input + output| input               | min(expected, max)    |
 * | anthropic | fresh input + output    | the same      | without cache reads | min(expected, max)    |
 * | gemini    | input                   | input         | input               | min(expected, max)    |
 * | plain     | input + expected output | input + output| input               | min(expected, max)    |
 *
 * Output is never reserved by `max_tokens` where the vendor counts what was really written: a large bound would lock the
 * lane. A Dify run is one request and a slot.
 * @see https://platform.openai.com/docs/guides/rate-limits
 * @see https://docs.claude.com/en/api/rate-limits
 * @see https://ai.google.dev/gemini-api/docs/rate-limits
 */
export const profiles: Readonly<Record<ProfileName, Profile>> = {
  openai: {
    reserve: (estimate) => reserved(estimate, Math.max(estimate.input, estimate.maxOutput ?? 0)),
    settle: (usage, before) => used(usage, before, usage.total_tokens),
  },
  azure: {
    reserve: (estimate) =>
      reserved(estimate, estimate.input + (estimate.maxOutput ?? azureUnboundedOutput)),
    settle: (usage, before) => used(usage, before, usage.total_tokens),
  },
  anthropic: {
    reserve: (estimate) => reserved(estimate, estimate.input + outputOf(estimate)),
    settle: (usage, before) => {
      const cached = usage.cached_input_tokens ?? 0;
      const fresh = usage.input_tokens === undefined ? undefined : usage.input_tokens - cached;
      return {
        ...used(usage, before, usage.total_tokens - cached),
        ...(fresh !== undefined && { inputTokens: fresh }),
      };
    },
  },
  gemini: {
    reserve: (estimate) => reserved(estimate, estimate.input),
    settle: (usage, before) => used(usage, before, usage.input_tokens ?? before.tokens ?? 0),
  },
  plain: {
    reserve: (estimate) => reserved(estimate, estimate.input + outputOf(estimate)),
    settle: (usage, before) => used(usage, before, usage.total_tokens),
  },
};

function outputOf({ maxOutput, expectedOutput }: CallEstimate): number {
  return Math.min(maxOutput ?? Infinity, expectedOutput);
}

function reserved(estimate: CallEstimate, tokens: number): PermitAmounts {
  return { requests: 1, tokens, inputTokens: estimate.input, outputTokens: outputOf(estimate) };
}

function used(usage: Usage, before: PermitAmounts, tokens: number): PermitAmounts {
  const { input_tokens: input, output_tokens: output } = usage;
  return {
    ...before,
    tokens,
    ...(input !== undefined && { inputTokens: input }),
    ...(output !== undefined && { outputTokens: output }),
  };
}
