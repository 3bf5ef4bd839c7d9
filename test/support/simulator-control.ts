import type {
  BehaviourScript,
  FaultScript,
  Invoice,
  InvoiceLine,
  LedgerEntry,
  LimitsScript,
} from '@sluice/simulator';

export type { Invoice, InvoiceLine };

/** The simulator as its operator sees it: what it shall do, and what was bought from it. */
export class SimulatorControl {
  readonly url: string;

  constructor(url: string) {
    this.url = url;
  }

  async limits(script: LimitsScript): Promise<void> {
    await this.#send('PUT', '/limits', script);
  }

  async behaviour(script: BehaviourScript): Promise<void> {
    await this.#send('PUT', '/behaviour', script);
  }

  async fault(...scripts: FaultScript[]): Promise<void> {
    await this.#send('POST', '/faults', scripts);
  }

  /** Forgets limits, behaviours, faults and the ledger. */
  async reset(): Promise<void> {
    await this.#send('POST', '/reset');
  }

  /** Every call of `kind` (all kinds without it), oldest first. */
  async calls(kind?: string): Promise<LedgerEntry[]> {
    const query = new URLSearchParams({ limit: '1000000', ...(kind && { kind }) });
    // The simulator's own reply.
    const { entries } = (await this.#send('GET', `/ledger?${query.toString()}`)) as {
      entries: LedgerEntry[];
    };
    return entries;
  }

  /** How many calls of `kind` were paid for. */
  async bought(kind?: string): Promise<number> {
    return (await this.calls(kind)).filter(({ outcome }) => outcome === 'bought').length;
  }

  /** What everything that was worked on costs. Rejects when the ledger no longer has all of it. */
  async invoice(): Promise<Invoice> {
    // The simulator's own reply.
    const reply = (await this.#send('GET', '/invoice')) as Invoice & { dropped: number };
    if (reply.dropped > 0) throw new Error(`the invoice lacks ${reply.dropped} calls`);
    return reply;
  }

  async #send(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await fetch(`${this.url}/_sim${path}`, {
      method,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  }
}
