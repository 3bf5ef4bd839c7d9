/**
 * Every key of this package, in one hash slot.
 *
 *   {sluice:routing}:rolled-back            hash  `<split> <arm>` -> JSON of when and why; stays until an operator resets it
 *   {sluice:routing}:weights                hash  `<split>` -> JSON of the weights that an operator has set, by arm; the same
 *   {sluice:routing}:told                   hash  `<split> <arm>` -> epoch ms of the roll-back that webhooks were told of; the same
 *   {sluice:routing}:calls:<split>:<slot>   hash  `<arm> calls|errors|ms|costed|nanos`: sums of a tenth of the split's
 *                                                 window; lives two windows
 *
 * A slot is a number of tenths of windows since the epoch, by the clock of the worker that counts.
 */
export interface RoutingKeys {
  rolledBack: string;
  weights: string;
  told: string;
  calls(split: string, slot: number): string;
}

/** `root` is the root of all keys, `sluice` in production. */
export function routingKeys(root: string): RoutingKeys {
  const tag = `{${root}:routing}`;
  return {
    rolledBack: `${tag}:rolled-back`,
    weights: `${tag}:weights`,
    told: `${tag}:told`,
    calls: (split, slot) => `${tag}:calls:${split}:${slot}`,
  };
}

/** The name of an arm among those that were rolled back. Names of models have no spaces. */
export function armField(split: string, arm: string): string {
  return `${split} ${arm}`;
}
