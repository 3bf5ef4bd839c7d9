import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';

import { SluiceError } from '@sluice/contracts';
import type { Dispatcher } from 'undici';

import type { BodyReader, BodyState } from './body-reader.ts';
import { abortError, connectionError, type CallProgress } from './connection-error.ts';

/** One HTTP request and the deadlines of its reply. */
export interface HttpRequest {
  /** Who is asked, for messages. */
  provider: string;
  origin: string;
  /** With the query. */
  path: string;
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  headers: Record<string, string>;
  body: string | Buffer | Readable | undefined;
  /** The reply may have so many bytes in all; 64 MiB by default. */
  maxReplyBytes?: number | undefined;
  /** Until the status line of the reply. */
  firstByteMs: number;
  /** Without progress inside the reply. */
  idleMs: number;
  /** Asked in the moment before the request is written, when a connection is there: whether it must not be sent any more. */
  isTooLate: () => boolean;
  /** Told once the request was handed to the system, before anything else can happen in this process. */
  onSent: () => void;
  signal: AbortSignal;
}

export interface ReplyHead {
  status: number;
  headers: IncomingHttpHeaders;
}

/** A reply may have so many bytes in all, keep-alives included. */
const usualReplyBytes = 64 * 1024 * 1024;
/** How long a finished reply is read to its end, so that its connection can be used again. */
export const drainMs = 1_000;
/** And how far. */
const maxDrainBytes = 64 * 1024;

/**
 * Sends one request and reads its reply with what `open` returns for its head. One attempt: no retry, no redirect. Rejects
 * with what the reader throws, with `upstream_timeout` at a deadline, with the reason of an aborted signal (the socket is
 * closed then), and as `connectionError` says.
 */
export function exchange<T>(
  dispatcher: Dispatcher,
  request: HttpRequest,
  open: (head: ReplyHead) => BodyReader<T>,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    if (request.signal.aborted) reject(abortError(request.signal));
    else new Exchange(request, open, { resolve, reject }).start(dispatcher);
  });
}

interface Settle<T> {
  resolve(value: T): void;
  reject(error: unknown): void;
}

/**
 * The life of an exchange. Deadlines and aborts settle it at once in any state but the last.
 *
 * | state    | is                                     | on data             | on end or broken connection  |
 * |----------|----------------------------------------|---------------------|------------------------------|
 * | waiting  | no head yet, first-byte deadline       | –                   | rejects                      |
 * | reading  | idle deadline, restarted by progress   | reader.write        | reader.end, or rejects       |
 * | busy     | the reader works on a piece, paused    | kept in the backlog | kept until the piece is done |
 * | settled  | read to its end for 1 s, then closed   | dropped             | the connection is free       |
 */
class Exchange<T> implements Dispatcher.DispatchHandler {
  readonly #request: HttpRequest;
  readonly #open: (head: ReplyHead) => BodyReader<T>;
  readonly #settle: Settle<T>;
  #controller: Dispatcher.DispatchController | undefined;
  #reader: BodyReader<T> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #bytes = 0;
  #isBusy = false;
  #isSettled = false;
  /** The body or the connection has ended. */
  #isOver = false;
  /** undici hands over what a closing connection still holds although it was told to pause. */
  #backlog: Buffer[] = [];
  #ending: (() => void) | undefined;

  constructor(request: HttpRequest, open: (head: ReplyHead) => BodyReader<T>, settle: Settle<T>) {
    this.#request = request;
    this.#open = open;
    this.#settle = settle;
  }

  start(dispatcher: Dispatcher): void {
    const { origin, path, method, headers, body, firstByteMs, signal } = this.#request;
    signal.addEventListener('abort', this.#onAbort);
    this.#timer = setTimeout(this.#onFirstByteTimeout, firstByteMs);
    dispatcher.dispatch(
      { origin, path, method, headers, body: body ?? null, headersTimeout: 0, bodyTimeout: 0 },
      this,
    );
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    // Settled while it waited for a connection: undici asks us only now.
    if (this.#isSettled) {
      this.#close();
    } else if (this.#request.isTooLate()) {
      const message = `no connection to ${this.#request.provider} was ready before the permit ran out`;
      this.#fail(new SluiceError('permit_expired', message));
    } else {
      // undici writes the request before this turn is over.
      queueMicrotask(this.#request.onSent);
    }
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
  ): void {
    if (status < 200 || this.#isSettled) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#onIdle, this.#request.idleMs);
    try {
      this.#reader = this.#open({ status, headers });
    } catch (error) {
      this.#fail(error);
    }
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#isSettled) {
      if (this.#bytes > maxDrainBytes) this.#close();
    } else if (this.#bytes > (this.#request.maxReplyBytes ?? usualReplyBytes)) {
      const mebibytes = (this.#request.maxReplyBytes ?? usualReplyBytes) / 2 ** 20;
      const message = `${this.#request.provider} sent more than ${mebibytes} MiB`;
      this.#fail(new SluiceError('bad_upstream', message));
    } else if (this.#isBusy) {
      this.#backlog.push(chunk);
    } else {
      this.#write(chunk);
    }
  }

  onResponseEnd(): void {
    // `#end` settles by itself and never rejects.
    this.#onOver(() => void this.#end());
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    const { provider } = this.#request;
    this.#onOver(() => this.#fail(connectionError(provider, error, this.#progress)));
  }

  get #progress(): CallProgress {
    if (this.#reader) return 'replying';
    return this.#controller ? 'sent' : 'unsent';
  }

  /** The end of the connection is told after everything that came before it. */
  #onOver(ending: () => void): void {
    this.#isOver = true;
    if (this.#isSettled) clearTimeout(this.#timer);
    else if (this.#isBusy) this.#ending = ending;
    else ending();
  }

  #write(chunk: Buffer): void {
    try {
      const state = this.#reader?.write(chunk) ?? 'waiting';
      if (state instanceof Promise) this.#wait(state);
      else this.#apply(state);
    } catch (error) {
      this.#fail(error);
    }
  }

  #wait(pending: Promise<BodyState>): void {
    this.#isBusy = true;
    this.#controller?.pause();
    pending.then(
      (state) => this.#onWritten(state),
      (error: unknown) => this.#fail(error),
    );
  }

  #onWritten(state: BodyState): void {
    this.#isBusy = false;
    if (this.#isSettled) return;
    this.#apply(state);
    for (let chunk = this.#nextChunk(); chunk; chunk = this.#nextChunk()) this.#write(chunk);
    if (this.#isBusy || this.#isSettled) return;
    if (this.#ending) this.#ending();
    else this.#controller?.resume();
  }

  #nextChunk(): Buffer | undefined {
    return this.#isBusy || this.#isSettled ? undefined : this.#backlog.shift();
  }

  #apply(state: BodyState): void {
    if (state === 'progress') this.#timer?.refresh();
    // `#end` settles by itself and never rejects.
    else if (state === 'done') void this.#end();
  }

  async #end(): Promise<void> {
    const reader = this.#reader;
    if (!reader) return;
    this.#isBusy = true;
    try {
      const value = await reader.end();
      if (!this.#finish()) return;
      this.#drain();
      this.#settle.resolve(value);
    } catch (error) {
      this.#fail(error);
    }
  }

  #drain(): void {
    if (this.#isOver) return;
    this.#bytes = 0;
    this.#timer = setTimeout(this.#close, drainMs);
    this.#controller?.resume();
  }

  #fail(error: unknown): void {
    if (!this.#finish()) return;
    this.#close();
    this.#settle.reject(error);
  }

  #finish(): boolean {
    if (this.#isSettled) return false;
    this.#isSettled = true;
    this.#backlog = [];
    clearTimeout(this.#timer);
    this.#request.signal.removeEventListener('abort', this.#onAbort);
    return true;
  }

  readonly #close = (): void => {
    if (!this.#isOver) this.#controller?.abort(new Error('the call has ended'));
  };

  readonly #onAbort = (): void => this.#fail(abortError(this.#request.signal));

  readonly #onFirstByteTimeout = (): void => {
    const { provider, firstByteMs } = this.#request;
    const param = 'first_byte_timeout_seconds';
    const message = `${provider} did not begin to answer within ${firstByteMs / 1000} s (${param})`;
    this.#fail(new SluiceError('upstream_timeout', message, { param }));
  };

  readonly #onIdle = (): void => {
    if (this.#isBusy) {
      this.#timer?.refresh();
      return;
    }
    const { provider, idleMs } = this.#request;
    const param = 'idle_timeout_seconds';
    const message = `the reply of ${provider} made no progress for ${idleMs / 1000} s (${param})`;
    this.#fail(new SluiceError('upstream_timeout', message, { param }));
  };
}
