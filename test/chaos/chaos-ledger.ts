import { appendFileSync } from 'node:fs';

import type { JobView } from '@sluice/contracts';
import type { LedgerEntry } from '@sluice/simulator';

/** One line of the ledger: something that was seen from outside. Times are epoch milliseconds. */
export type LedgerLine =
  /** A 202. `word` stands in the prompt and has to come back. */
  | { kind: 'accepted'; atMs: number; jobId: string; word: string; tenant: string }
  /** An answer that was not a 202, or none at all (status 0). */
  | { kind: 'refused'; atMs: number; status: number; durationMs: number; hasRetryAfter: boolean }
  /** `forMs` is how long what was done to it keeps Redis away. */
  | { kind: 'act'; atMs: number; act: string; forMs: number }
  /** Redis answers again after it was killed, paused or cut off. */
  | { kind: 'redis_back'; atMs: number }
  | { kind: 'delivered'; atMs: number; jobId: string; webhookId: string; body: string }
  | { kind: 'call'; call: LedgerEntry }
  | { kind: 'result'; job: JobView };

type OfKind<Kind extends LedgerLine['kind']> = Extract<LedgerLine, { kind: Kind }>;

/** What was seen, in the order in which it was seen. Lines are only ever added, also to the file. */
export class ChaosLedger {
  readonly #lines: LedgerLine[] = [];
  readonly #file: string | undefined;

  constructor(file?: string) {
    this.#file = file;
  }

  add(line: LedgerLine): void {
    this.#lines.push(line);
    if (this.#file !== undefined) appendFileSync(this.#file, `${JSON.stringify(line)}\n`);
  }

  of<Kind extends LedgerLine['kind']>(kind: Kind): OfKind<Kind>[] {
    return this.#lines.filter((line): line is OfKind<Kind> => line.kind === kind);
  }
}
