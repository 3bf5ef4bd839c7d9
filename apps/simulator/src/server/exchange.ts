import type { ServerResponse } from 'node:http';
import type { Clock } from '../clock.ts';
import type { Usage } from '../ledger/ledger-entry.ts';
import type { Call, Reply } from './call.ts';
import { PlainWire } from './wire.ts';
import type { Wire } from './wire.ts';

/** How the caller's side of an answer ended. */
export type Ending = 'whole' | 'gone' | 'damaged';

/**
 * The answering of one admitted call. It has two ends that need not come together: what the caller
 * got (`reply`, `open`/`send`/`end`) and what the upstream did (`settle`), because a Dify run lives
 * on when its caller leaves.
 */
export class Exchange {
  readonly call: Call;
  readonly clock: Clock;
  readonly #response: ServerResponse;
  readonly #wire: Wire;
  readonly #headers: () => Record<string, string>;
  readonly #onSettled: () => void;
  #left: AbortController | undefined;

  constructor(options: {
    call: Call;
    clock: Clock;
    response: ServerResponse;
    /** Absent = no fault. */
    wire?: Wire | undefined;
    headers: () => Record<string, string>;
    onSettled: () => void;
  }) {
    this.call = options.call;
    this.clock = options.clock;
    this.#response = options.response;
    this.#wire = options.wire ?? new PlainWire(options.response);
    this.#headers = options.headers;
    this.#onSettled = options.onSettled;
  }

  /** False once the caller can get nothing more. */
  get open(): boolean {
    return this.#wire.open;
  }

  /** Aborts when the client leaves. */
  get signal(): AbortSignal {
    if (this.#left !== undefined) return this.#left.signal;
    const left = new AbortController();
    this.#left = left;
    if (this.#response.destroyed) left.abort();
    else this.#response.once('close', () => left.abort());
    return left.signal;
  }

  /** How it ended for the caller, once `reply` or `endStream` is done. */
  get ending(): Ending {
    if (this.#wire.damaged) return 'damaged';
    return this.#response.writableEnded ? 'whole' : 'gone';
  }

  /** Waits, at most until the client leaves. */
  async sleep(ms: number): Promise<void> {
    if (ms > 0) await this.clock.sleep(ms, this.signal);
  }

  /** Sends a whole answer. */
  async reply(reply: Reply): Promise<void> {
    if (!this.open) return;
    const headers = { 'content-type': 'application/json', ...this.#headers(), ...reply.headers };
    this.call.ledger.entry.status = reply.status;
    if (this.#wire instanceof PlainWire) {
      this.#response.writeHead(reply.status, withLength(headers, reply.body));
      this.#response.end(reply.body);
      return;
    }
    this.#wire.head(reply.status, headers);
    await this.#wire.write(reply.body);
    await this.#wire.end();
  }

  /** Starts a body that is sent in pieces, an event stream unless another type is given. */
  startStream(contentType = 'text/event-stream; charset=utf-8'): void {
    if (!this.open) return;
    this.call.ledger.entry.status = 200;
    this.#wire.head(200, {
      'content-type': contentType,
      'cache-control': 'no-cache',
      ...this.#headers(),
    });
  }

  /** Sends one whole event of the stream. */
  async send(event: string): Promise<void> {
    if (this.open) await this.#wire.write(event);
  }

  async endStream(): Promise<void> {
    if (this.open) await this.#wire.end();
  }

  /** Books the call and frees its slot. Only the first settlement counts. */
  settle(outcome: 'bought' | 'aborted' | 'fault' | 'served', usage?: Usage): void {
    if (this.call.ledger.entry.outcome !== 'open') return;
    this.call.ledger.settle({ outcome, ...(usage && { usage }) });
    this.#onSettled();
  }

  /** Settles a call whose upstream work ends with the caller's answer; without usage it was free. */
  settleByEnding(usage?: Usage): void {
    const whole = usage === undefined ? 'served' : 'bought';
    const outcomes = { whole, gone: 'aborted', damaged: 'fault' } as const;
    this.settle(outcomes[this.ending], usage);
  }
}

/** Adds the length in bytes of a body. */
export function withLength(headers: Record<string, string>, body: string): Record<string, string> {
  headers['content-length'] = String(Buffer.byteLength(body));
  return headers;
}
