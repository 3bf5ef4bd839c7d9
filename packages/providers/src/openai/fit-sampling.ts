import type { Target } from '@sluice/config';
import type { ChatInput } from '@sluice/contracts';

import { refuseParameter } from '../chat/refuse-input.ts';

/** The o series, and the first gpt-5: later ones take sampling where they do not reason. Known by use, not from a list. */
const unsampled = /^(?:o[1-9]|gpt-5(?:-(?:mini|nano|pro|codex))?(?:-\d{4}-\d\d-\d\d)?$)/;

/** What changes nothing may be sent to every model. */
const neutral = { temperature: 1, top_p: 1, frequency_penalty: 0, presence_penalty: 0 } as const;

/**
 * The input without what steers the choice of tokens, where the model takes none of it: `sampling` of the configuration says
 * so, else the model's name.
 * @throws SluiceError `upstream_invalid_request`, naming the first such parameter, unless the target drops it.
 * @see https://platform.openai.com/docs/guides/reasoning
 */
export function fitSampling(target: Target, input: ChatInput): ChatInput {
  if (target.facts.sampling ?? !unsampled.test(target.model)) return input;
  const rest = { ...input };
  const problem = `${target.model} takes no sampling parameters`;
  for (const [name, value] of Object.entries(neutral)) {
    // The keys of the literal above.
    const field = name as keyof typeof neutral;
    if (rest[field] === undefined || rest[field] === value) continue;
    refuseParameter(target, field, problem);
    delete rest[field];
  }
  for (const field of unsampledOnly) {
    if (!asksFor(rest[field])) continue;
    refuseParameter(target, field, problem);
    delete rest[field];
  }
  return rest;
}

const unsampledOnly = ['logit_bias', 'logprobs', 'top_logprobs'] as const;

function asksFor(value: ChatInput[(typeof unsampledOnly)[number]]): boolean {
  return typeof value === 'object' ? Object.keys(value).length > 0 : Boolean(value);
}
