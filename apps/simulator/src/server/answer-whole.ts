import type { Behaviour } from '../behaviour/behaviour-book.ts';
import type { Usage } from '../ledger/ledger-entry.ts';
import type { Reply } from './call.ts';
import type { Exchange } from './exchange.ts';

/** A whole answer and what it costs. */
export type WholeAnswer = {
  behaviour: Behaviour;
  outputTokens: number;
  /** What is booked for so many output tokens. */
  usage(outputTokens: number): Usage;
  /** Made once the latency is over. */
  reply(): Reply;
};

/**
 * Answers after the scripted latency and books the answer. A client that leaves earlier pays for the
 * share of the output tokens that was produced by then.
 */
export async function answerWhole(exchange: Exchange, answer: WholeAnswer): Promise<void> {
  const { behaviour, outputTokens, usage } = answer;
  const latencyMs = behaviour.draw(behaviour.settings.latencyMs);
  const startedAt = exchange.clock.now();
  await exchange.sleep(latencyMs);
  if (!exchange.open) {
    const passedMs = exchange.clock.now() - startedAt;
    const share = latencyMs === 0 ? 0 : Math.min(1, passedMs / latencyMs);
    return exchange.settle('aborted', usage(Math.floor(outputTokens * share)));
  }
  await exchange.reply(answer.reply());
  exchange.settleByEnding(usage(outputTokens));
}
