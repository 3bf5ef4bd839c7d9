import { Dispatcher } from 'undici';

/** Plays a recorded reply to every call, without a network: how its bytes are cut is all that matters. */
export class ReplayDispatcher extends Dispatcher {
  readonly #contentType: string;
  readonly #chunks: readonly Buffer[];

  constructor(contentType: string, chunks: readonly Buffer[]) {
    super();
    this.#contentType = contentType;
    this.#chunks = chunks;
  }

  override dispatch(
    _options: Dispatcher.DispatchOptions,
    handler: Dispatcher.DispatchHandler,
  ): boolean {
    const playback = new Playback(this.#chunks, handler);
    handler.onRequestStart?.(playback, undefined);
    handler.onResponseStart?.(playback, 200, { 'content-type': this.#contentType }, 'OK');
    playback.resume();
    return true;
  }
}

/** Answers one call step by step, as the test says; nothing passes between two steps but the time that the test lets pass. */
export class SteppedDispatcher extends Dispatcher {
  readonly #contentType: string;
  readonly #playback = new Playback([], { onResponseData: () => undefined });
  #handler: Dispatcher.DispatchHandler | undefined;

  constructor(contentType: string) {
    super();
    this.#contentType = contentType;
  }

  override dispatch(
    _options: Dispatcher.DispatchOptions,
    handler: Dispatcher.DispatchHandler,
  ): boolean {
    this.#handler = handler;
    handler.onRequestStart?.(this.#playback, undefined);
    return true;
  }

  begin(): void {
    const headers = { 'content-type': this.#contentType };
    this.#handler?.onResponseStart?.(this.#playback, 200, headers, 'OK');
  }

  send(chunk: Buffer): void {
    this.#handler?.onResponseData?.(this.#playback, chunk);
  }

  end(): void {
    this.#handler?.onResponseEnd?.(this.#playback, {});
  }
}

/** Hands chunks over until it is told to pause or to stop. */
class Playback implements Dispatcher.DispatchController {
  aborted = false;
  paused = true;
  reason: Error | null = null;
  readonly #handler: Dispatcher.DispatchHandler;
  #chunks: readonly Buffer[];
  #isOver = false;

  constructor(chunks: readonly Buffer[], handler: Dispatcher.DispatchHandler) {
    this.#chunks = chunks;
    this.#handler = handler;
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    while (!this.paused && !this.aborted && this.#chunks.length > 0) {
      const [chunk, ...rest] = this.#chunks;
      this.#chunks = rest;
      if (chunk) this.#handler.onResponseData?.(this, chunk);
    }
    if (this.paused || this.aborted || this.#isOver) return;
    this.#isOver = true;
    this.#handler.onResponseEnd?.(this, {});
  }

  abort(reason: Error): void {
    this.aborted = true;
    this.reason = reason;
  }
}
