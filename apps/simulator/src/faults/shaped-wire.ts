import type { Clock } from '../clock.ts';
import type { PlainWire, Wire } from '../server/wire.ts';
import type { Fault } from './fault-schema.ts';

/** Time the bytes before a reset get to reach the client, which may drop what it has not read. */
const RESET_GRACE_MS = 5;
/** Bodies that are sent in pieces; all others are one piece of JSON. */
const STREAM_TYPES = /^(?:text\/event-stream|application\/x-ndjson)/u;

/** Faults that let the answer start. */
export type ShapingFault = Exclude<Fault, { kind: 'status' | 'hang' | 'keep-alive' }>;

/** What a shaping fault needs from the dialect and the clock. */
export type ShapingTools = {
  clock: Clock;
  signal: AbortSignal;
  /** Passed on, but not counted as a piece. */
  keepAlive: string;
  errorEvent(data: Record<string, unknown> | undefined): string;
  errorBody(): string;
};

/** A wire that does damage. The head is held back until the first piece, so that a reset can come before it. */
export class ShapedWire implements Wire {
  readonly #fault: ShapingFault;
  readonly #plain: PlainWire;
  readonly #tools: ShapingTools;
  #head: { status: number; headers: Record<string, string> } | undefined;
  #streaming = false;
  #pieces = 0;
  #bytes = 0;
  #cut = false;
  #damaged = false;

  constructor(fault: ShapingFault, plain: PlainWire, tools: ShapingTools) {
    this.#fault = fault;
    this.#plain = plain;
    this.#tools = tools;
  }

  get open(): boolean {
    return this.#plain.open && !this.#cut;
  }

  get damaged(): boolean {
    return this.#damaged;
  }

  head(status: number, headers: Record<string, string>): void {
    this.#streaming = STREAM_TYPES.test(headers['content-type'] ?? '');
    const contentType = this.#fault.kind === 'content-type' && this.#fault.contentType;
    this.#head = {
      status,
      headers: contentType ? { ...headers, 'content-type': contentType } : headers,
    };
  }

  async write(piece: string): Promise<void> {
    if (!this.open) return;
    if (piece === this.#tools.keepAlive) await this.#pass(piece);
    else await this.#shape(piece);
  }

  async end(): Promise<void> {
    if (!this.open) return;
    this.#sendHead();
    await this.#plain.end();
  }

  async #shape(piece: string): Promise<void> {
    const fault = this.#fault;
    const index = this.#pieces;
    this.#pieces += 1;
    switch (fault.kind) {
      case 'reset':
        return fault.afterBytes === undefined
          ? this.#resetAfterChunks(piece, index, fault.afterChunks ?? 0)
          : this.#resetAfterBytes(Buffer.from(piece), fault.afterBytes);
      case 'truncate':
        return this.#truncate(piece, index, fault.afterChunks);
      case 'malformed-json':
        return this.#malform(piece, index === fault.atChunk);
      case 'error-event':
        return this.#failAfter(piece, index, fault);
      case 'slow-drip':
        return this.#bytewise(piece, () =>
          this.#tools.clock.sleep(fault.byteDelayMs, this.#tools.signal),
        );
      case 'split':
        return this.#bytewise(piece, () => this.#tools.clock.yieldToIo());
      case 'content-type':
        return this.#pass(piece);
    }
  }

  async #resetAfterChunks(piece: string, index: number, afterChunks: number): Promise<void> {
    if (index < afterChunks) await this.#pass(piece);
    if (index + 1 >= afterChunks) await this.#reset();
  }

  async #resetAfterBytes(piece: Buffer, afterBytes: number): Promise<void> {
    const rest = afterBytes - this.#bytes;
    this.#bytes += piece.length;
    if (rest > 0) await this.#pass(piece.subarray(0, rest));
    if (this.#bytes >= afterBytes) await this.#reset();
  }

  async #reset(): Promise<void> {
    this.#stop();
    await this.#tools.clock.sleep(RESET_GRACE_MS);
    this.#plain.destroy();
  }

  async #truncate(piece: string, index: number, afterChunks: number): Promise<void> {
    if (!this.#streaming) await this.#pass(piece.slice(0, piece.length >>> 1));
    else if (index < afterChunks) await this.#pass(piece);
    if (this.#streaming && index + 1 < afterChunks) return;
    await this.#endEarly();
  }

  async #malform(piece: string, hit: boolean): Promise<void> {
    const broken = hit ? piece.replace('":', '"') : piece;
    if (broken !== piece) this.#damaged = true;
    await this.#pass(broken);
  }

  async #failAfter(
    piece: string,
    index: number,
    fault: { afterChunks: number; data?: Record<string, unknown> | undefined },
  ): Promise<void> {
    if (this.#streaming && index < fault.afterChunks) await this.#pass(piece);
    if (this.#streaming && index + 1 < fault.afterChunks) return;
    const { errorEvent, errorBody } = this.#tools;
    await this.#pass(this.#streaming ? errorEvent(fault.data) : errorBody());
    await this.#endEarly();
  }

  async #bytewise(piece: string, pause: () => Promise<void>): Promise<void> {
    const bytes = Buffer.from(piece);
    for (let index = 0; index < bytes.length && this.open; index += 1) {
      await this.#pass(bytes.subarray(index, index + 1));
      await pause();
    }
  }

  async #endEarly(): Promise<void> {
    this.#sendHead();
    await this.#plain.end();
    this.#stop();
  }

  #stop(): void {
    this.#cut = true;
    this.#damaged = true;
  }

  async #pass(piece: string | Uint8Array): Promise<void> {
    this.#sendHead();
    await this.#plain.write(piece);
  }

  #sendHead(): void {
    if (this.#head !== undefined) this.#plain.head(this.#head.status, this.#head.headers);
    this.#head = undefined;
  }
}
