import { SluiceError } from '@sluice/contracts';
import { waitFor } from '@sluice/testing';
import { Agent, Dispatcher } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import {
  startScriptedUpstream,
  type Script,
  type ScriptedUpstream,
} from '../conformance/scripted-upstream.ts';
import type { BodyReader, BodyState } from './body-reader.ts';
import { exchange, type HttpRequest } from './exchange.ts';

let upstream: ScriptedUpstream;
let agent: Agent;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  agent = new Agent({ allowH2: false });
});
afterAll(async () => {
  await agent.destroy();
  await upstream.close();
});

/** Collects text; a piece is worked on until `release` is called. */
class SlowReader implements BodyReader<string> {
  readonly pieces: string[] = [];
  maxBusyCount = 0;
  readonly #waiting: ((state: BodyState) => void)[] = [];

  async write(chunk: Buffer): Promise<BodyState> {
    this.pieces.push(chunk.toString());
    return await new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.maxBusyCount = Math.max(this.maxBusyCount, this.busyCount);
    });
  }

  release(state: BodyState = 'progress'): boolean {
    const next = this.#waiting.shift();
    next?.(state);
    return next !== undefined;
  }

  get busyCount(): number {
    return this.#waiting.length;
  }

  end(): string {
    return this.pieces.join('');
  }
}

async function ask<T>(
  reader: BodyReader<T>,
  script: Script,
  { dispatcher = agent, ...overrides }: Partial<HttpRequest> & { dispatcher?: Dispatcher } = {},
): Promise<T> {
  upstream.script(script);
  const request: HttpRequest = {
    provider: 'acme',
    origin: upstream.url,
    path: '/',
    method: 'GET',
    headers: {},
    body: undefined,
    firstByteMs: 5_000,
    idleMs: 5_000,
    isTooLate: () => false,
    onSent: () => undefined,
    signal: new AbortController().signal,
    ...overrides,
  };
  return await exchange(dispatcher, request, () => reader);
}

const pieces = ['one ', 'two ', 'three ', 'four'];

/** How many scripts of `send` have sent all they had. */
let sentCount = 0;

/** Sends the pieces apart, then ends, or breaks, although nobody has read them yet. */
function send(end: 'end' | 'close' | 'reset'): Script {
  return async (response) => {
    response.writeHead(200, end === 'close' ? { connection: 'close' } : {});
    for (const piece of pieces) {
      response.write(piece);
      await new Promise((resolve) => {
        setTimeout(resolve, 10);
      });
    }
    if (end === 'reset') response.socket?.destroy();
    else response.end();
    sentCount += 1;
  };
}

/** Resolves when the reader is at its first piece and everything else is on its way. */
async function everythingSent(reader: SlowReader, before: number): Promise<void> {
  await waitFor(() => reader.busyCount === 1 && sentCount > before);
}

describe('a reader that takes its time', () => {
  it.each(['end', 'close'] as const)(
    'gets one piece at a time, in order, and all of them before the end (%s)',
    async (end) => {
      const before = sentCount;
      const reader = new SlowReader();
      const reply = ask(reader, send(end));
      await everythingSent(reader, before);
      expect(reader.pieces).toHaveLength(1);
      const releasing = setInterval(() => reader.release(), 1);
      expect(await reply).toBe(pieces.join(''));
      clearInterval(releasing);
      expect(reader.maxBusyCount).toBe(1);
    },
  );

  it('is finished with its piece before it hears that the connection broke', async () => {
    const before = sentCount;
    const reader = new SlowReader();
    const events: string[] = [];
    const failing = ask(reader, send('reset')).catch((error: unknown) => {
      events.push('rejected');
      return error;
    });
    await everythingSent(reader, before);
    expect(events).toEqual([]);
    const releasing = setInterval(() => reader.release(), 5);
    expect(await failing).toMatchObject({ code: 'upstream_truncated' });
    clearInterval(releasing);
  });

  it('is not waited for when the call is aborted', async () => {
    const reader = new SlowReader();
    const controller = new AbortController();
    const reason = new SluiceError('cancelled', 'never mind');
    const failing = ask(reader, send('end'), { signal: controller.signal });
    failing.catch(() => undefined);
    await waitFor(() => reader.busyCount === 1);
    controller.abort(reason);
    await expect(failing).rejects.toBe(reason);
  });

  it('does not run into the idle deadline', async () => {
    const reader = new SlowReader();
    const reply = ask(reader, send('end'), { idleMs: 500 });
    await waitFor(() => reader.busyCount === 1);
    await new Promise((resolve) => {
      setTimeout(resolve, 800);
    });
    const releasing = setInterval(() => reader.release(), 1);
    expect(await reply).toBe(pieces.join(''));
    clearInterval(releasing);
  });

  it('ends the call when it fails', async () => {
    const failure = new SluiceError('internal_error', 'no');
    const reader: BodyReader<never> = {
      write: async () => await Promise.reject(failure),
      end: () => {
        throw new Error('nothing to end');
      },
    };
    await expect(ask(reader, send('end'))).rejects.toBe(failure);
  });
});

/** Hands everything over at once, as undici does when a connection closes while it is paused. */
class ImpatientDispatcher extends Dispatcher {
  readonly controller = {
    aborted: false,
    paused: false,
    reason: null,
    pause: () => {
      this.controller.paused = true;
    },
    resume: () => {
      this.controller.paused = false;
    },
    abort: () => {
      this.controller.aborted = true;
    },
  };
  readonly #chunks: readonly string[];
  readonly #ending: 'end' | 'error' | 'none';
  #handler: Dispatcher.DispatchHandler | undefined;

  constructor(chunks: readonly string[], ending: 'end' | 'error' | 'none') {
    super();
    this.#chunks = chunks;
    this.#ending = ending;
  }

  override dispatch(
    _options: Dispatcher.DispatchOptions,
    handler: Dispatcher.DispatchHandler,
  ): boolean {
    handler.onRequestStart?.(this.controller, undefined);
    handler.onResponseStart?.(this.controller, 200, {}, 'OK');
    for (const chunk of this.#chunks) {
      handler.onResponseData?.(this.controller, Buffer.from(chunk));
    }
    this.#handler = handler;
    if (this.#ending === 'end') handler.onResponseEnd?.(this.controller, {});
    if (this.#ending === 'error') {
      handler.onResponseError?.(this.controller, new Error('closed'));
    }
    return true;
  }

  send(text: string): void {
    this.#handler?.onResponseData?.(this.controller, Buffer.from(text));
  }
}

describe('what comes although the reply was paused', () => {
  it('is kept until the reader has time for it, and so is the end', async () => {
    const reader = new SlowReader();
    const dispatcher = new ImpatientDispatcher(pieces, 'end');
    const reply = ask(reader, send('end'), { dispatcher });
    expect(reader.pieces).toEqual(['one ']);
    const releasing = setInterval(() => reader.release(), 1);
    expect(await reply).toBe(pieces.join(''));
    clearInterval(releasing);
    expect(reader.maxBusyCount).toBe(1);
  });

  it('is read before a broken connection is told', async () => {
    const reader = new SlowReader();
    const dispatcher = new ImpatientDispatcher(pieces, 'error');
    const failing = ask(reader, send('end'), { dispatcher });
    const releasing = setInterval(() => reader.release(), 1);
    await expect(failing).rejects.toMatchObject({ code: 'upstream_truncated' });
    clearInterval(releasing);
    expect(reader.pieces).toEqual(pieces);
  });

  it('is dropped once the reply is done, and read on for 64 KiB so that the connection is free', async () => {
    const reader = new SlowReader();
    const dispatcher = new ImpatientDispatcher(pieces, 'none');
    const reply = ask(reader, send('end'), { dispatcher });
    expect(dispatcher.controller.paused).toBe(true);
    reader.release('done');
    expect(await reply).toBe('one ');
    expect(dispatcher.controller).toMatchObject({ paused: false, aborted: false });
    dispatcher.send('x'.repeat(60_000));
    expect(dispatcher.controller.aborted).toBe(false);
    dispatcher.send('x'.repeat(10_000));
    expect(dispatcher.controller.aborted).toBe(true);
  });
});

describe('a reply that is done', () => {
  const done: BodyReader<string> = { write: () => 'done', end: () => 'value' };

  it('gives its connection back when its rest is small and soon there', async () => {
    const dispatcher = new Agent({ connections: 1 });
    const before = upstream.connectionCount();
    for (let i = 0; i < 3; i += 1) await ask(done, send('end'), { dispatcher });
    await dispatcher.close();
    expect(upstream.connectionCount()).toBe(before + 1);
  });

  it.each([
    [
      'is large',
      ((response) => {
        response.writeHead(200);
        response.write('x');
        const timer = setInterval(() => response.write('x'.repeat(50_000)), 10);
        response.on('close', () => clearInterval(timer));
      }) satisfies Script,
    ],
    [
      'does not come',
      ((response) => {
        response.writeHead(200);
        response.write('x');
      }) satisfies Script,
    ],
  ])('closes its connection when its rest %s', async (_name, script: Script) => {
    const count = upstream.calls.length;
    expect(await ask(done, script)).toBe('value');
    await upstream.calls[count]?.closed;
  });

  it('leaves no listener at its signal', async () => {
    const { signal } = new AbortController();
    let count = 0;
    const counting = new Proxy(signal, {
      get: (target, name) => {
        if (name === 'addEventListener') count += 1;
        if (name === 'removeEventListener') count -= 1;
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    await ask(done, send('end'), { signal: counting });
    expect(count).toBe(0);
  });
});

it('does not mind what the server says before its reply', async () => {
  const early: Script = (response) => {
    response.writeProcessing();
    response.writeEarlyHints({ link: '</x>; rel=preload' });
    response.writeHead(200);
    response.end('late');
  };
  const reader: BodyReader<string> = { write: () => 'progress', end: () => 'value' };
  expect(await ask(reader, early)).toBe('value');
});

it('refuses headers that cannot be sent, and says so', async () => {
  const reader: BodyReader<string> = { write: () => 'progress', end: () => 'value' };
  const asking = ask(reader, send('end'), { headers: { 'x-y': 'a\nb' } });
  await expect(asking).rejects.toMatchObject({ code: 'upstream_invalid_request' });
});
