import type { Route } from '@sluice/config';
import { SluiceError, type ChatInput } from '@sluice/contracts';
import { certainOverflow } from '@sluice/metering';

/**
 * Refuses a prompt that by its size alone can fit none of the model's targets. The worker counts; this is only for what
 * would cost memory and time for nothing.
 * @throws SluiceError `context_length_exceeded`, naming both numbers.
 */
export function refuseOversized(input: ChatInput, { name, targets }: Route): void {
  const widest = Math.max(...targets.map(({ facts }) => facts.contextWindow ?? Infinity));
  const overflow = certainOverflow(input, widest);
  if (!overflow) return;
  throw new SluiceError(
    'context_length_exceeded',
    `input.messages: has at least ${overflow.atLeast} tokens, and ${name} takes at most ${overflow.contextWindow}`,
    { param: 'input.messages' },
  );
}
