import type { Clock } from '../clock.ts';
import type { LedgerEntry, Outcome, Usage } from './ledger-entry.ts';

/** Counts of one API key and kind since the last reset, exact however many calls there were. */
export type Tally = {
  key: string | null;
  kind: string;
  outcomes: Record<Outcome, number>;
  usage: Usage;
};

/** How a call ended. */
export type Settlement = { outcome: Exclude<Outcome, 'open'>; usage?: Usage };

/** Holds the last `capacity` calls and the counts of all. */
export class Ledger {
  readonly #clock: Clock;
  readonly #capacity: number;
  #ring: LedgerEntry[] = [];
  #tallies = new Map<string, Tally>();
  #lastSeq = 0;
  #epoch = 0;

  constructor(clock: Clock, capacity: number) {
    this.#clock = clock;
    this.#capacity = capacity;
  }

  /** Opens the entry of a call that arrived at `arrivedAt` (monotonic ms). */
  open(call: { arrivedAt: number; dialect: string; method: string; path: string }): OpenEntry {
    this.#lastSeq += 1;
    const entry = createEntry(this.#lastSeq, this.#clock.toEpochMs(call.arrivedAt), call);
    this.#ring[(entry.seq - 1) % this.#capacity] = entry;
    const epoch = this.#epoch;
    return new OpenEntry(entry, (settlement) => {
      entry.outcome = settlement.outcome;
      entry.durationMs = this.#clock.now() - call.arrivedAt;
      if (settlement.usage !== undefined) Object.assign(entry, settlement.usage);
      if (epoch === this.#epoch) this.#count(entry);
    });
  }

  /** The retained entries, oldest first. */
  *entries(): Generator<LedgerEntry> {
    const size = this.#ring.length;
    for (let seq = this.#lastSeq - size + 1; seq <= this.#lastSeq; seq += 1) {
      const entry = this.#ring[(seq - 1) % this.#capacity];
      if (entry !== undefined) yield entry;
    }
  }

  /** Counts of all settled calls since the last reset, also of those no longer retained. */
  tallies(): Iterable<Tally> {
    return this.#tallies.values();
  }

  get lastSeq(): number {
    return this.#lastSeq;
  }

  /** Number of calls that fell out of the ring. */
  get dropped(): number {
    return this.#lastSeq - this.#ring.length;
  }

  /** Forgets everything; calls that are still open will not be counted when they end. */
  clear(): void {
    this.#ring = [];
    this.#tallies = new Map();
    this.#lastSeq = 0;
    this.#epoch += 1;
  }

  #count(entry: LedgerEntry): void {
    const tally = this.#tallyOf(entry);
    tally.outcomes[entry.outcome] += 1;
    tally.usage.inputTokens += entry.inputTokens;
    tally.usage.outputTokens += entry.outputTokens;
    tally.usage.costUsd += entry.costUsd;
  }

  #tallyOf(entry: LedgerEntry): Tally {
    const id = `${entry.kind} ${entry.key ?? ''}`;
    const known = this.#tallies.get(id);
    if (known !== undefined) return known;
    const tally = { key: entry.key, kind: entry.kind, outcomes: noOutcomes(), usage: noUsage() };
    this.#tallies.set(id, tally);
    return tally;
  }
}

/** An entry that can be settled once; later attempts do nothing. */
export class OpenEntry {
  readonly entry: LedgerEntry;
  readonly #settle: (settlement: Settlement) => void;

  constructor(entry: LedgerEntry, settle: (settlement: Settlement) => void) {
    this.entry = entry;
    this.#settle = settle;
  }

  settle(settlement: Settlement): void {
    if (this.entry.outcome === 'open') this.#settle(settlement);
  }
}

/** A count of zero for every outcome. */
export function noOutcomes(): Record<Outcome, number> {
  return { open: 0, bought: 0, aborted: 0, fault: 0, limited: 0, rejected: 0, served: 0 };
}

/** No tokens, no cost. */
export function noUsage(): Usage {
  return { inputTokens: 0, outputTokens: 0, costUsd: 0 };
}

function createEntry(
  seq: number,
  atMs: number,
  call: { dialect: string; method: string; path: string },
): LedgerEntry {
  return {
    seq,
    atMs,
    dialect: call.dialect,
    kind: 'unknown',
    paid: false,
    method: call.method,
    path: call.path,
    key: null,
    model: null,
    status: null,
    outcome: 'open',
    reservedTokens: 0,
    inputTokens: 0,
    outputTokens: 0,
    costUsd: 0,
    bodySha256: null,
    jobTag: null,
    durationMs: null,
    fault: null,
    runId: null,
    runStatus: null,
  };
}
