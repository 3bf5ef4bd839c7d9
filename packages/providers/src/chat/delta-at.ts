import type { AnswerDelta, TextDelta } from '@sluice/contracts';

/** What the answer in place `index` of a call adds, as what the call adds. */
export function deltaAt(index: number, delta: AnswerDelta): TextDelta {
  return index === 0 ? delta : { alternatives: [{ index, ...delta }] };
}
