import { BehaviourBook } from './behaviour/behaviour-book.ts';
import type { Clock } from './clock.ts';
import { FaultQueue } from './faults/fault-queue.ts';
import { Ledger } from './ledger/ledger.ts';
import { LimitBook } from './limits/limit-book.ts';
import { PromptPrefixes } from './prompt-prefixes.ts';

/** All state the dialects share: what tests script, and what they read afterwards. */
export type World = {
  readonly clock: Clock;
  readonly limits: LimitBook;
  readonly behaviour: BehaviourBook;
  readonly faults: FaultQueue;
  readonly ledger: Ledger;
  readonly prefixes: PromptPrefixes;
};

/** A world without limits, faults or calls. */
export function createWorld(clock: Clock, ledgerCapacity: number): World {
  return {
    clock,
    limits: new LimitBook(),
    behaviour: new BehaviourBook(),
    faults: new FaultQueue(),
    ledger: new Ledger(clock, ledgerCapacity),
    prefixes: new PromptPrefixes(clock),
  };
}
