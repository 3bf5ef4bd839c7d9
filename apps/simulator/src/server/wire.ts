import type { ServerResponse } from 'node:http';

/**
 * Where the pieces of one answer go. A fault is a wire around the plain one, so that no dialect
 * knows of faults.
 */
export type Wire = {
  /** False once nothing more can be sent: the client left, the body ended, or a fault cut it. */
  readonly open: boolean;
  /** True once the caller cannot have got the whole answer because of a fault. */
  readonly damaged: boolean;
  head(status: number, headers: Record<string, string>): void;
  /** Sends one piece: a stream event, or a whole JSON body. */
  write(piece: string): Promise<void>;
  end(): Promise<void>;
};

/** The wire without faults. */
export class PlainWire implements Wire {
  readonly damaged = false;
  readonly #response: ServerResponse;

  constructor(response: ServerResponse) {
    this.#response = response;
  }

  get open(): boolean {
    return !this.#response.destroyed && !this.#response.writableEnded;
  }

  head(status: number, headers: Record<string, string>): void {
    if (this.open) this.#response.writeHead(status, headers);
  }

  async write(piece: string | Uint8Array): Promise<void> {
    if (!this.open || this.#response.write(piece)) return;
    await drained(this.#response);
  }

  async end(): Promise<void> {
    if (this.open) this.#response.end();
  }

  /** Cuts the connection without ending the answer. */
  destroy(): void {
    this.#response.socket?.resetAndDestroy();
    this.#response.destroy();
  }
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done);
      response.off('close', done);
      resolve();
    };
    response.on('drain', done);
    response.on('close', done);
  });
}
