import { SluiceError, type ChatInput, type Outcome } from '@sluice/contracts';
import { findOverflow } from '@sluice/metering';

import { passOn } from '../outcome/move-on.ts';
import type { Plan } from './plan-job.ts';

/** Keeps a prompt that cannot fit the model from being sent: the upstream would refuse it, and charge its rate limit. */
export async function refusePrompt(plan: Plan): Promise<Outcome | undefined> {
  const { record, target } = plan;
  if (record.type !== 'chat') return undefined;
  // The record's type says which input it holds; zod checked it at accept.
  const overflow = await findOverflow(record.input as ChatInput, target);
  if (!overflow) return undefined;
  const { atLeast, contextWindow } = overflow;
  const message = `the prompt has at least ${atLeast} tokens, and ${target.model} takes at most ${contextWindow}`;
  const error = new SluiceError('context_length_exceeded', message, { param: 'input.messages' });
  return passOn(plan, error);
}
