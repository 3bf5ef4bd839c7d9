import type { Usage } from '@sluice/contracts';
import { Big } from 'big.js';

import { costOf, dollarsOf, isPrice } from './price.ts';
import type { NodeData } from './run-event.ts';

/** Their children are told one by one; counting them too would count twice. */
const containers = new Set(['iteration', 'loop']);

interface Entry {
  tokens: number;
  inputTokens: number | undefined;
  outputTokens: number | undefined;
  priceUsd: Big | undefined;
}

/**
 * What the nodes of a run used and cost. Only `node_finished` tells a price; the run itself tells the sum of tokens.
 * Entries are kept by the id of the node's execution: a stream that is attached to again repeats them.
 */
export class NodeLedger {
  readonly #entries = new Map<string, Entry>();

  add(node: NodeData): void {
    if (containers.has(node.node_type ?? '')) return;
    const metadata = node.execution_metadata;
    const usage = node.outputs?.usage;
    const tokens = metadata?.total_tokens ?? 0;
    if (tokens === 0 && !isPrice(metadata?.total_price)) return;
    this.#entries.set(node.id ?? `${node.node_id}/${this.#entries.size}`, {
      tokens,
      inputTokens: usage?.prompt_tokens ?? undefined,
      outputTokens: usage?.completion_tokens ?? undefined,
      priceUsd: metadata ? dollarsOf(metadata) : undefined,
    });
  }

  /** Input and output are told only if every node told them and they add up to the run's total. */
  usage(runTokens: number | undefined): Usage | undefined {
    const total = runTokens ?? (this.#entries.size > 0 ? this.#tokens() : undefined);
    if (total === undefined) return undefined;
    const input = this.#sum(({ inputTokens }) => inputTokens);
    const output = this.#sum(({ outputTokens }) => outputTokens);
    const isSplit = this.#entries.size > 0 && input + output === total;
    return {
      ...(isSplit && { input_tokens: input, output_tokens: output }),
      total_tokens: total,
      source: 'provider',
    };
  }

  /**
   * US dollars, exact. Undefined if a node that used tokens told no price in dollars, if all prices are zero
   * (Dify's way to say that a model has none), or if nodes may be missing: `runTokens` is given where events may have been
   * lost, and the nodes must add up to it then.
   */
  costUsd(runTokens: number | undefined): string | undefined {
    if (runTokens !== undefined && this.#tokens() !== runTokens) return undefined;
    let sum = Big(0);
    for (const { priceUsd } of this.#entries.values()) {
      if (priceUsd === undefined) return undefined;
      sum = sum.plus(priceUsd);
    }
    return costOf(sum);
  }

  #tokens(): number {
    return this.#sum(({ tokens }) => tokens);
  }

  #sum(amountOf: (entry: Entry) => number | undefined): number {
    let sum = 0;
    for (const entry of this.#entries.values()) sum += amountOf(entry) ?? Number.NaN;
    return sum;
  }
}
